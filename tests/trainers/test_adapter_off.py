import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM, MixtralConfig, MixtralForCausalLM

from trainers.adapter_off import adapter_off

IDS_BT = torch.tensor([[3, 4, 5, 6], [7, 8, 9, 2]])
SHAPE = {"hidden_size": 16, "intermediate_size": 20, "num_attention_heads": 2, "vocab_size": 31}


def llama():
    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(num_hidden_layers=2, **SHAPE))
    config = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
    return get_peft_model(model, config)


def mixture():
    torch.manual_seed(0)
    shape = {**SHAPE, "num_key_value_heads": 2, "num_local_experts": 2, "num_hidden_layers": 1}
    experts = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
    config = LoraConfig(r=2, target_parameters=experts, init_lora_weights=False)
    return get_peft_model(MixtralForCausalLM(MixtralConfig(**shape)), config)


def logits(model) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=IDS_BT).logits


@pytest.mark.parametrize("build", [llama, mixture])
def test_a_model_answers_as_pefts_own_switch_has_it(build):
    model = build()
    on = logits(model)
    with model.disable_adapter():
        expected = logits(model)
    with adapter_off(model):
        found = logits(model)
    assert torch.equal(found, expected)
    assert not torch.allclose(found, on, atol=1e-3)
    assert torch.equal(logits(model), on)


def test_an_adapter_trains_on_afterwards_and_one_that_was_off_stays_so():
    model = llama()
    trained = [name for name, value in model.named_parameters() if value.requires_grad]
    first, *others = (part for part in model.modules() if isinstance(part, BaseTunerLayer))
    first._disable_adapters = True
    with pytest.raises(ZeroDivisionError), adapter_off(model):
        1 / 0  # noqa: B018
    assert first.disable_adapters
    assert not any(layer.disable_adapters for layer in others)
    assert [name for name, value in model.named_parameters() if value.requires_grad] == trained


def test_a_model_without_an_adapter_stays_as_it_is():
    model = nn.Linear(2, 2)
    with adapter_off(model):
        assert model(torch.ones(2)).shape == (2,)

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from evals.errors import ConfigError
from evals.text.encoding import model_inputs
from trainers.batch import single
from trainers.decoder_call import ARGUMENTS, decoder_layers, only_to
from trainers.model_call import Arguments
from trainers.views import ReferenceView, StudentView

IDS_BT = torch.tensor([[3, 4, 5, 6], [7, 8, 9, 2]])
BATCH = single(("a", "b"), model_inputs(IDS_BT, torch.ones_like(IDS_BT), IDS_BT))
WHOLE = Arguments(logits=ARGUMENTS.logits, hidden=ARGUMENTS.hidden, layers=decoder_layers)


def llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 20, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=31, num_hidden_layers=4, **shape)).eval()


def gpt2() -> GPT2LMHeadModel:
    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(vocab_size=31, n_embd=16, n_head=2, n_layer=4)).eval()


def adapted() -> torch.nn.Module:
    adapter = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False)
    return get_peft_model(llama(), adapter)


def runs_of(model) -> list[int]:
    """Which layers run, from now on."""
    runs: list[int] = []
    for number, layer in enumerate(decoder_layers(model)):
        layer.register_forward_hook(lambda *_, number=number: runs.append(number))
    return runs


@pytest.mark.parametrize("build", [llama, adapted, gpt2])
def test_hidden_states_are_the_same_without_the_layers_behind(build):
    model = build()
    for view in (StudentView, ReferenceView):
        runs = runs_of(model)
        hidden_BTH = view(model, ARGUMENTS).hidden(BATCH, 1)
        assert sorted(runs) == [0, 1]
        assert torch.equal(hidden_BTH, view(model, WHOLE).hidden(BATCH, 1))
        assert max(runs) == 3


def test_gradients_are_the_same():
    model, gradients = adapted(), []
    for arguments in (ARGUMENTS, WHOLE):
        StudentView(model, arguments).hidden(BATCH, 1).square().mean().backward()
        gradients.append({name: value.grad for name, value in model.named_parameters()})
        model.zero_grad(set_to_none=True)
    found = [name for name, value in gradients[0].items() if value is not None]
    assert found == [name for name, value in gradients[1].items() if value is not None]
    assert found
    assert all(torch.equal(gradients[0][name], gradients[1][name]) for name in found)


def test_experts_that_outnumber_the_layers_are_no_layers():
    model = llama()
    for layer in model.model.layers:
        layer.experts = torch.nn.ModuleList([torch.nn.Linear(16, 16) for _ in range(5)])
    assert decoder_layers(model) == list(model.model.layers)
    with only_to(model, 1):
        assert decoder_layers(model) == list(model.model.layers)
        assert len(model.model.layers) == 2


def test_logits_take_all_layers():
    model = llama()
    runs = runs_of(model)
    StudentView(model, ARGUMENTS).both(BATCH, 1)
    assert runs == [0, 1, 2, 3]


def test_the_depth_is_as_before_even_after_an_error():
    model = llama()
    names = list(model.state_dict())
    with pytest.raises(ConfigError, match="method.layer"):
        StudentView(model, ARGUMENTS).hidden(BATCH, 4)
    with pytest.raises(TypeError):
        StudentView(model, Arguments(hidden={"input_ids": 1}, only_to=only_to)).hidden(BATCH, 0)
    assert model.config.num_hidden_layers == 4
    assert len(model.model.layers) == 4
    assert list(model.state_dict()) == names

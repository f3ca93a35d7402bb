import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from tests.fixtures.lora import IDS_BT, outcome
from trainers.lora_forward import NarrowScaling, scale_narrowly


def llama() -> nn.Module:
    shape = {"hidden_size": 16, "intermediate_size": 20, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=31, num_hidden_layers=2, **shape))


def gpt2() -> nn.Module:
    return GPT2LMHeadModel(GPT2Config(vocab_size=31, n_embd=16, n_head=2, n_layer=2))


def adapted(build=llama, *, alpha: float = 8.0, dropout: float = 0.0):
    """A model with an adapter that has moved, as peft computes it, and the same one as here."""
    torch.manual_seed(0)
    settings = LoraConfig(
        r=2,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules="all-linear",
        init_lora_weights=False,
    )
    plain = get_peft_model(build(), settings).train(mode=bool(dropout))
    own = copy.deepcopy(plain)
    scale_narrowly(own)
    return plain, own


@pytest.mark.parametrize("build", [llama, gpt2])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_scale_that_is_a_power_of_two_changes_no_bit(build, dropout):
    plain, own = (outcome(model) for model in adapted(build, dropout=dropout))
    assert len(plain) > 8
    for expected, found in zip(plain, own, strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_another_scale_changes_rounding_alone():
    plain, own = (outcome(model) for model in adapted(alpha=5.0))
    torch.testing.assert_close(own, plain, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("safely", [True, False])
def test_an_adapter_merges_comes_off_and_is_switched_off_as_in_peft(safely):
    plain, own = adapted(alpha=5.0)
    weights = own.base_model.model.model.layers[0].mlp.up_proj.base_layer.weight.clone()
    with torch.no_grad():
        for model in (plain, own):
            model.merge_adapter(safe_merge=safely)
        merged = [model(input_ids=IDS_BT).logits for model in (plain, own)]
        assert torch.equal(*merged)
        own.unmerge_adapter()
        found = own.base_model.model.model.layers[0].mlp.up_proj.base_layer.weight
        torch.testing.assert_close(found, weights)
        plain.unmerge_adapter()
        with plain.disable_adapter(), own.disable_adapter():
            off = [model(input_ids=IDS_BT).logits for model in (plain, own)]
    assert torch.equal(*off)
    assert not torch.allclose(merged[0], off[0], atol=1e-3)


def test_layers_that_are_more_than_plain_lora_stay_as_they_are():
    settings = LoraConfig(r=2, target_modules=["q_proj"], use_dora=True)
    model = get_peft_model(llama(), settings)
    scale_narrowly(model)
    variants = [v for m in model.modules() for v in getattr(m, "lora_variant", {}).values()]
    assert variants
    assert not any(isinstance(each, NarrowScaling) for each in variants)

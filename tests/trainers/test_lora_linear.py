import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from tests.fixtures.lora import IDS_BT, outcome
from trainers.adapters import add_adapter
from trainers.lora_forward import scale_narrowly
from trainers.lora_linear import LoraLinear, compute_at_once
from trainers.settings import AdapterSettings


def llama() -> nn.Module:
    shape = {"hidden_size": 16, "intermediate_size": 20, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=31, num_hidden_layers=2, attention_bias=True, **shape)
    return LlamaForCausalLM(config)


def adapted(*, alpha: float = 8.0, dropout: float = 0.0):
    """A model with an adapter that has moved, as peft computes it, and the same one as here."""
    torch.manual_seed(0)
    settings = LoraConfig(
        r=2,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules="all-linear",
        init_lora_weights=False,
    )
    plain = get_peft_model(llama(), settings).train()
    for name, value in plain.named_parameters():
        if name.endswith(".bias"):
            nn.init.normal_(value)
    own = copy.deepcopy(plain)
    for model in (plain, own):
        scale_narrowly(model)
    compute_at_once(own)
    return plain, own


def layers(model) -> list[LoraLinear]:
    return [module for module in model.modules() if isinstance(module, LoraLinear)]


def calls_of_factors(model) -> list[str]:
    """A list that fills as the modules of peft's own way are called."""
    called: list[str] = []
    for layer in layers(model):
        layer.lora_A["default"].register_forward_hook(lambda *_: called.append("A"))
    return called


@pytest.mark.parametrize("alpha", [8.0, 5.0])
def test_outputs_are_pefts_to_the_last_bit_and_gradients_to_rounding(alpha):
    plain, own = adapted(alpha=alpha)
    called = calls_of_factors(own)
    (expected, *gradients), (found, *own_gradients) = outcome(plain), outcome(own)
    assert len(layers(own)) == 14
    assert called == []
    assert torch.equal(found, expected)
    assert len(gradients) == 28
    torch.testing.assert_close(own_gradients, gradients, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("leading", [(), (3,), (2, 3)])
def test_the_gradient_is_that_of_differences(leading):
    layer = layers(adapted()[1])[0].double()
    x = torch.randn(*leading, 16, dtype=torch.float64, requires_grad=True)
    factors = [layer.lora_A["default"].weight, layer.lora_B["default"].weight]
    assert torch.autograd.gradcheck(lambda *_: layer(x), (x, *factors))


def test_inputs_that_need_no_gradient_get_none():
    layer = layers(adapted()[1])[0]
    x = torch.randn(3, 16)
    layer(x).sum().backward()
    assert x.grad is None
    assert layer.lora_A["default"].weight.grad.abs().sum() > 0
    assert layer.base_layer.weight.grad is None


def test_inputs_are_dropped_as_in_peft_and_not_when_the_model_is_asked():
    plain, own = adapted(dropout=0.5)
    called = calls_of_factors(own)
    for expected, found in zip(outcome(plain), outcome(own), strict=True):
        assert torch.equal(found, expected)
    assert len(called) == 14
    plain.eval(), own.eval()
    assert torch.equal(outcome(own)[0], outcome(plain)[0])
    assert len(called) == 14


def test_weights_that_zero_3_shards_are_reached_through_their_own_modules():
    plain, own = adapted()
    called = calls_of_factors(own)
    for value in own.parameters():
        value.ds_id, value.ds_status = 0, None
    for expected, found in zip(outcome(plain), outcome(own), strict=True):
        assert torch.equal(found, expected)
    assert len(called) == 14


def test_weights_under_the_adapter_that_train_have_gradients():
    plain, own = adapted()
    for model in (plain, own):
        model.requires_grad_(True)
    expected, found = outcome(plain), outcome(own)
    assert None not in found
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_an_adapter_merges_comes_off_and_is_switched_off_as_in_peft():
    plain, own = adapted()
    with torch.no_grad():
        before = own(input_ids=IDS_BT).logits
        with plain.disable_adapter(), own.disable_adapter():
            off = [model(input_ids=IDS_BT).logits for model in (plain, own)]
        for model in (plain, own):
            model.merge_adapter()
        merged = [model(input_ids=IDS_BT).logits for model in (plain, own)]
        own.unmerge_adapter()
        torch.testing.assert_close(own(input_ids=IDS_BT).logits, before)
    assert torch.equal(*off)
    assert torch.equal(*merged)
    assert not torch.allclose(merged[0], off[0], atol=1e-3)


@pytest.mark.parametrize("more", [{"use_dora": True}, {"lora_bias": True}])
def test_layers_that_are_more_than_plain_lora_stay_as_they_are(more):
    model = get_peft_model(llama(), LoraConfig(r=2, target_modules=["q_proj"], **more))
    scale_narrowly(model)
    compute_at_once(model)
    assert layers(model) == []


def test_layers_whose_weights_lie_the_other_way_stay_as_they_are():
    shape = GPT2Config(vocab_size=31, n_embd=16, n_head=2, n_layer=1)
    model = get_peft_model(GPT2LMHeadModel(shape), LoraConfig(r=2, target_modules=["c_attn"]))
    compute_at_once(model)
    assert layers(model) == []


def test_the_adapter_of_a_trial_is_of_these_layers():
    model = add_adapter(llama(), AdapterSettings(rank=2), seed=0)
    assert len(layers(model)) == 14
    assert layers(copy.deepcopy(model))[0].base_layer.weight.shape == (16, 16)

"""Norms, against those of the weights themselves: of a merged model less the one that it was."""

import math
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    MixtralConfig,
    OlmoeConfig,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2MoeConfig,
    Qwen3MoeConfig,
)

from trainers.adapted_weights import adapted_weights, base_norm, update_norm
from trainers.adapters import adapter_state, add_adapter, trainable
from trainers.settings import AdapterSettings

SMALL = {
    "hidden_size": 16,
    "intermediate_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": 31,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 0,
}
EXPERTS = {**SMALL, "num_experts": 3, "num_experts_per_tok": 2}
OF_THREE = {**EXPERTS, "moe_intermediate_size": 12}
LINEAR = LlamaConfig(**SMALL)
TIED = LlamaConfig(**SMALL, tie_word_embeddings=True)
TRANSPOSED = GPT2Config(n_embd=16, n_layer=2, n_head=2, vocab_size=31, n_positions=32)
MIXTRAL = MixtralConfig(**SMALL, num_local_experts=3)
OLMOE = OlmoeConfig(**EXPERTS)
QWEN2 = Qwen2MoeConfig(**OF_THREE, shared_expert_intermediate_size=12)
QWEN3 = Qwen3MoeConfig(**OF_THREE, head_dim=8)
FUSED = [MIXTRAL, OLMOE, QWEN3]


def named(config: PreTrainedConfig) -> str:
    return f"{config.model_type}{'_tied' if config is TIED else ''}"


@pytest.mark.parametrize("config", [LINEAR, TIED, TRANSPOSED, QWEN2, *FUSED], ids=named)
def test_norms_are_those_of_the_merged_weights_less_the_start(config):
    model = built(config)
    start = copies(model)
    adapted = add_adapter(model, AdapterSettings(rank=2, alpha=6), seed=0)
    stir(adapted)
    state, weights, norm = adapter_state(adapted), adapted_weights(adapted), base_norm(adapted)
    assert {name for each in weights for name in (each.a, each.b)} == state.keys()
    merged = copies(adapted.merge_and_unload())
    moved = {name for name in start if not torch.equal(start[name], merged[name])}
    assert len(moved) == len(weights)
    updates = {name: merged[name] - start[name] for name in moved}
    assert update_norm(state, weights) == pytest.approx(whole_norm(updates), rel=1e-5)
    assert norm == pytest.approx(whole_norm({name: start[name] for name in moved}), rel=1e-6)


def test_a_convolution_counts_with_its_whole_kernel():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(), nn.Linear(5, 2))
    start = copies(model)
    adapted = add_adapter(model, AdapterSettings(rank=2, target_modules=("0", "2")), seed=0)
    stir(adapted)
    state, weights, norm = adapter_state(adapted), adapted_weights(adapted), base_norm(adapted)
    merged = copies(adapted.merge_and_unload())
    updates = {name: merged[name] - start[name] for name in start}
    assert update_norm(state, weights) == pytest.approx(whole_norm(updates), rel=1e-5)
    whole = whole_norm({name: start[name] for name in ("0.weight", "2.weight")})
    assert norm == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("config", FUSED, ids=named)
def test_experts_that_are_one_tensor_are_adapted_each_by_itself(config):
    adapted = add_adapter(built(config), AdapterSettings(rank=2), seed=0)
    num_stacked = [weight.num_stacked for weight in adapted_weights(adapted)]
    assert num_stacked.count(3) == 2 * config.num_hidden_layers


def test_only_the_named_layers_count():
    adapted = add_adapter(built(LINEAR), AdapterSettings(target_modules=("q_proj",)), seed=0)
    layers = adapted.get_base_model().model.layers
    queries = {str(i): layer.self_attn.q_proj.base_layer.weight for i, layer in enumerate(layers)}
    assert len(adapted_weights(adapted)) == len(queries)
    assert base_norm(adapted) == pytest.approx(whole_norm(queries), rel=1e-6)


def test_a_model_without_an_adapter_has_none():
    model = built(LINEAR)
    assert adapted_weights(model) == []
    assert base_norm(model) == 0.0


def built(config: PreTrainedConfig) -> PreTrainedModel:
    torch.manual_seed(0)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    return model


def stir(model: nn.Module) -> None:
    for _, value in trainable(model):
        nn.init.normal_(value, std=0.1)


def copies(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def whole_norm(tensors: Mapping[str, Tensor]) -> float:
    squares = [float(value.detach().double().square().sum()) for value in tensors.values()]
    return math.sqrt(sum(squares))

import math

import pytest
import torch
from peft import PeftModel
from torch import Tensor
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PhimoeConfig,
    PhimoeForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from evals.errors import ConfigError
from tests.fixtures.golden import GOLDEN
from trainers.adapted_weights import AdaptedWeight, adapted_weights, base_norm, update_norm
from trainers.adapters import (
    MOVED,
    adapter_facts,
    adapter_state,
    add_adapter,
    initial_state,
    load_state,
    parameter_groups,
    save_adapter,
    trainable,
)
from trainers.settings import AdapterSettings, L1Mode

CASE = GOLDEN["lora_l1_l0"]
SETTINGS = AdapterSettings(rank=3, alpha=12)


def tiny() -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 18, "intermediate_size": 21, "num_attention_heads": 3}
    return LlamaForCausalLM(LlamaConfig(vocab_size=31, num_hidden_layers=2, **shape)).eval()


def adapted(settings: AdapterSettings = SETTINGS, *, seed: int = 5) -> PeftModel:
    return add_adapter(tiny(), settings, seed=seed).eval()


def stirred(model: PeftModel, *, scale: float = 1.0) -> dict[str, Tensor]:
    """A state in which B is no longer zero."""
    generator = torch.Generator().manual_seed(1)
    return {
        name: value + scale * torch.randn(value.shape, generator=generator)
        for name, value in adapter_state(model).items()
    }


def golden_state() -> dict[str, Tensor]:
    state = {}
    for name, rows in CASE["inputs"]["lora_params"].items():
        layer, kind = name.split(".")
        state[f"{layer}.{kind}.default.weight"] = torch.tensor(rows)
    return state


GOLDEN_WEIGHTS = [
    AdaptedWeight(f"{layer}.lora_A.default.weight", f"{layer}.lora_B.default.weight", 4.0)
    for layer in ("fc1", "fc2")
]


def logits(model: torch.nn.Module) -> Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(12).reshape(2, 6)).logits


def test_every_linear_layer_but_the_output_head_is_adapted():
    model = adapted()
    names = {name.split(".lora_")[0].split(".")[-1] for name, _ in trainable(model)}
    attention = {"q_proj", "k_proj", "v_proj", "o_proj"}
    assert names == attention | {"gate_proj", "up_proj", "down_proj"}


def test_only_the_named_layers_are_adapted():
    model = adapted(AdapterSettings(target_modules=("q_proj",)))
    assert len(dict(trainable(model))) == 2 * 2  # layers x (A, B)


@pytest.mark.parametrize("tied", [True, False])
def test_a_layer_whose_weight_is_the_embeddings_too_is_refused(tied):
    shape = {"hidden_size": 18, "intermediate_size": 21, "num_attention_heads": 3}
    config = LlamaConfig(vocab_size=31, num_hidden_layers=2, tie_word_embeddings=tied, **shape)
    model, settings = (
        LlamaForCausalLM(config),
        AdapterSettings(target_modules=("lm_head", "q_proj")),
    )
    if not tied:
        assert len(dict(trainable(add_adapter(model, settings, seed=0)))) == 2 * 3
        return
    with pytest.raises(
        ConfigError, match=r"adapter.target_modules .* 'lm_head'.*leave lm_head out"
    ):
        add_adapter(model, settings, seed=0)


def test_only_the_adapter_trains():
    assert all(".lora_" in name for name, _ in trainable(adapted()))


@pytest.mark.parametrize("targets", [("nowhere",), ("embed_tokens",)])
def test_a_target_that_is_no_linear_layer_is_refused(targets):
    with pytest.raises(ConfigError, match=r"adapter\.target_modules must be names of linear"):
        adapted(AdapterSettings(target_modules=targets))


def test_a_fresh_adapter_changes_nothing():
    assert torch.equal(logits(adapted()), logits(tiny()))


def test_a_fresh_adapter_is_what_its_seed_says():
    state = adapter_state(adapted(seed=5))
    again = initial_state(adapted(seed=6), seed=5)
    assert state.keys() == again.keys()
    assert all(torch.equal(state[name], again[name]) for name in state)
    assert any(
        not torch.equal(value, state[name]) for name, value in initial_state(adapted(), 6).items()
    )


def test_fresh_a_is_uniform_within_one_over_root_fan_in_and_b_is_zero():
    for name, value in initial_state(adapted(), 5).items():
        if ".lora_B." in name:
            assert (value == 0).all()
        else:
            bound = 1 / math.sqrt(value.shape[1])
            assert value.abs().max() <= bound
            assert value.abs().max() > 0.8 * bound
            assert value.abs().mean() == pytest.approx(bound / 2, rel=0.3)


def test_a_layer_starts_alike_whatever_else_is_adapted():
    alone = adapter_state(adapted(AdapterSettings(rank=3, target_modules=("q_proj",))))
    among = adapter_state(adapted())
    assert alone
    assert all(torch.equal(value, among[name]) for name, value in alone.items())


def test_layers_start_different_from_each_other():
    firsts = [float(v[0, 0]) for n, v in initial_state(adapted(), 5).items() if ".lora_A." in n]
    assert len(set(firsts)) == len(firsts)


def test_a_bfloat16_model_gets_a_bfloat16_adapter_and_rounded_values():
    model = add_adapter(tiny().bfloat16(), SETTINGS, seed=5)
    assert {value.dtype for _, value in trainable(model)} == {torch.bfloat16}
    for name, value in initial_state(model, 5).items():
        assert value.dtype == torch.float32
        assert torch.equal(value, value.bfloat16().float())
        assert torch.equal(value, adapter_state(model)[name])


def test_the_adapter_trains_in_two_groups():
    groups = parameter_groups(adapted(), l1=0.1, l1_mode=L1Mode.PROXIMAL, weight_decay=0.2)
    assert [group["name"] for group in groups] == ["lora_A", "lora_B"]
    assert [len(group["params"]) for group in groups] == [14, 14]
    assert {(g["l1"], g["l1_mode"], g["weight_decay"]) for g in groups} == {(0.1, "proximal", 0.2)}


def test_the_whole_model_trains_in_one_group():
    model = tiny()
    groups = parameter_groups(model, l1=0.1, l1_mode=L1Mode.PROXIMAL, weight_decay=0.2)
    assert [group["name"] for group in groups] == ["all"]
    assert len(groups[0]["params"]) == len(list(model.parameters()))


def test_the_norms_of_the_published_penalty_are_met():
    facts = adapter_facts(golden_state(), GOLDEN_WEIGHTS)
    assert facts["l1_norm"] == pytest.approx(CASE["expected"]["l1"], abs=1e-6)
    # no zero among the five entries of A, two among the four of B
    assert (facts["sparsity_a"], facts["sparsity_b"]) == (0.0, 0.5)
    # fc1: 4 * 0.5 * (0.1, -0.2, 0.3); fc2: 4 * -0.1 * (-0.4, 0.2)
    by_hand = math.sqrt(4 * (0.01 + 0.04 + 0.09) + 0.16 * (0.16 + 0.04))
    assert facts["update_norm"] == pytest.approx(by_hand, rel=1e-6)
    assert "moved" not in facts


def test_a_fresh_adapter_has_not_moved_and_a_stirred_one_has():
    model = adapted()
    norm, weights = base_norm(model), adapted_weights(model)
    fresh = adapter_facts(adapter_state(model), weights, base_norm=norm)
    assert (fresh["update_norm"], fresh["moved"], fresh["sparsity_b"]) == (0.0, 0.0, 1.0)
    assert adapter_facts(stirred(model), weights, base_norm=norm)["moved"] == 1.0


def test_an_update_below_the_threshold_has_not_moved():
    state = golden_state()
    norm = update_norm(state, GOLDEN_WEIGHTS)
    assert adapter_facts(state, GOLDEN_WEIGHTS, base_norm=1.01 * norm / MOVED)["moved"] == 0.0
    assert adapter_facts(state, GOLDEN_WEIGHTS, base_norm=0.99 * norm / MOVED)["moved"] == 1.0


def test_a_nan_in_the_adapter_is_a_nan_in_its_norms():
    state = golden_state()
    state["fc1.lora_B.default.weight"][0, 0] = math.nan
    facts = adapter_facts(state, GOLDEN_WEIGHTS, base_norm=1.0)
    assert math.isnan(facts["update_norm"])
    assert math.isnan(facts["l1_norm"])
    assert math.isnan(facts["moved"])


def test_a_router_that_gives_more_than_a_product_is_refused_and_the_other_layers_named():
    shape = {"hidden_size": 16, "intermediate_size": 12, "num_attention_heads": 2}
    model = PhimoeForCausalLM(
        PhimoeConfig(vocab_size=31, num_hidden_layers=1, num_local_experts=3, **shape)
    )
    rest = r"\[k_proj, o_proj, q_proj, v_proj\]$"
    with pytest.raises(
        ConfigError, match=rf"got \[\] \(router: .*set adapter.target_modules: {rest}"
    ):
        add_adapter(model, SETTINGS, seed=0)


def test_dropout_of_fused_experts_is_refused():
    shape = {"hidden_size": 16, "moe_intermediate_size": 12, "num_experts": 3, "head_dim": 8}
    config = Qwen3MoeConfig(vocab_size=31, num_hidden_layers=1, **shape)
    model = Qwen3MoeForCausalLM(config)
    with pytest.raises(ConfigError, match=r"adapter.dropout must be 0 .* set adapter.dropout: 0$"):
        add_adapter(model, AdapterSettings(dropout=0.1), seed=0)


def test_peft_loads_what_was_saved(tmp_path):
    model = adapted()
    state = stirred(model)
    load_state(model, state)
    save_adapter(state, model.peft_config["default"], tmp_path / "adapter")
    loaded = PeftModel.from_pretrained(tiny(), str(tmp_path / "adapter")).eval()
    assert torch.equal(logits(loaded), logits(model))
    assert not torch.equal(logits(loaded), logits(tiny()))
    merged = loaded.merge_and_unload()
    assert torch.allclose(logits(merged), logits(model), atol=1e-4)

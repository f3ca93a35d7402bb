"""The tuning of an adapter; what it does in whole trials stands in `test_warm_state.py`."""

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from trainers.adapters import adapter_state, load_state
from trainers.settings import AdapterSettings
from trainers.tuning.adapter import AdapterTuning


def applied(seed: int) -> PeftModel:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=32, num_hidden_layers=1, **size))
    found = AdapterTuning(AdapterSettings(rank=2), seed=seed).applied(model)
    assert isinstance(found, PeftModel)
    return found


def test_the_adapter_alone_trains_and_is_drawn_by_the_seed():
    states = [adapter_state(applied(seed)) for seed in (1, 1, 2)]
    assert all(".lora_" in name for name in states[0])
    same, other = (
        all(torch.equal(value, state[name]) for name, value in states[0].items())
        for state in states[1:]
    )
    assert same
    assert not other


class Weights:
    """An engine's weights."""

    def __init__(self, model: PeftModel) -> None:
        self.state = adapter_state(model)

    def trainable_state(self) -> dict[str, torch.Tensor]:
        return self.state

    def put(self, weights: dict[str, torch.Tensor]) -> None:
        self.state = weights


def test_an_update_is_turned_round_by_its_second_factors():
    engine = Weights(applied(1))
    before = {name: torch.full_like(value, 0.5) for name, value in engine.state.items()}
    engine.state = dict(before)
    AdapterTuning(AdapterSettings(rank=2), seed=1).negate(engine, 2.0)  # type: ignore[arg-type]
    assert engine.state.keys() == before.keys()
    for name, value in engine.state.items():
        expected = -1.0 if ".lora_B." in name else 0.5
        assert torch.equal(value, torch.full_like(value, expected))


class Layer(Weights):
    """An engine with a single layer, which it can be put into."""

    def __init__(self, model: PeftModel) -> None:
        super().__init__(model)
        self.model = model

    def put(self, weights: dict[str, torch.Tensor]) -> None:
        load_state(self.model, weights)


def test_what_was_learned_is_taken_off_the_weights_that_training_began_with():
    """W = W0 + 2 B A with B A = [[3, 6], [-1, -2]]; half of what was learned is [[3, 6], [-1, -2]].

    Of W0 = [[1, 0], [0, 1]] that leaves [[-2, -6], [1, 3]], which makes (-8, 4) of (1, 1).
    """
    linear = nn.Linear(2, 2, bias=False)
    linear.weight.data = torch.eye(2)
    model = get_peft_model(
        nn.Sequential(linear), LoraConfig(r=1, lora_alpha=2, target_modules=["0"])
    )
    load_state(
        model,
        {
            "base_model.model.0.lora_A.default.weight": torch.tensor([[1.0, 2.0]]),
            "base_model.model.0.lora_B.default.weight": torch.tensor([[3.0], [-1.0]]),
        },
    )
    once = torch.ones(1, 2)
    assert model(once).tolist() == [[1 + 2 * 9.0, 1 - 2 * 3.0]]
    AdapterTuning(AdapterSettings(rank=1), seed=0).negate(Layer(model), 0.5)  # type: ignore[arg-type]
    assert model(once).tolist() == [[-8.0, 4.0]]

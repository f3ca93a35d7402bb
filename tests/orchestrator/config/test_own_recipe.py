"""A method may have a learning rate, epochs or an L1 of its own, and nothing that an engine is."""

from typing import Any

import pytest

from evals.errors import ConfigError
from evals.validation import validated
from orchestrator.config.sweep_config import SweepConfig

SPARSE: dict[str, Any] = {
    "method": "retain_ft",
    "training": {"l1": 1e-4, "epochs": 2},
    "search": {"l1": None},
}


def sweep(**changes: Any) -> SweepConfig:
    raw = {
        "name": "small",
        "benchmark": {"name": "characters"},
        "model": {"name": "tiny_llama"},
        **changes,
    }
    config: SweepConfig = validated(SweepConfig, raw, key="")
    return config


def refusal(**changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        sweep(**changes)
    return str(caught.value)


def test_a_method_may_have_a_recipe_of_its_own() -> None:
    config = sweep(methods={"sparsity": SPARSE, "ga": {}}, training={"lr": 3e-4})
    own, common = config.recipe("sparsity"), config.recipe("ga")
    assert (own.l1, own.epochs, own.lr) == (1e-4, 2, 3e-4)
    assert common == config.training
    again: SweepConfig = validated(SweepConfig, config.model_dump(mode="json"), key="")
    assert again.recipe("sparsity") == own


def test_a_recipe_of_its_own_is_checked_as_the_sweeps_is() -> None:
    def own(**training: Any) -> str:
        return refusal(methods={"sparsity": {**SPARSE, "training": training}})

    assert own(batch_size=4).startswith("methods.sparsity.training.batch_size must be a key of ")
    assert "did you mean 'epochs'" in own(epoch=4)
    assert own(epochs=-1).startswith("methods.sparsity.training.epochs must be greater than 0")
    assert own(schedule="clear_vision").startswith("methods.sparsity.training.warmup_epochs must")
    assert own(lr=0.1).endswith("searched but got 0.1; set methods.sparsity.search: {lr: null}")
    assert "must be a mapping of training settings but got 3" in refusal(
        methods={"sparsity": {**SPARSE, "training": 3}}
    )

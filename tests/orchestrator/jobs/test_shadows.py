"""The models for attacks follow from the config; baselines of their own are theirs to train."""

from pathlib import Path

import pytest

from evals.errors import ConfigError
from evals.splits import Splits, World
from orchestrator.config.attacks import AttackSettings
from orchestrator.config.loading import load_config
from orchestrator.jobs.shadows import attack_splits, check_baselines, num_shadows

CONFIGS = Path(__file__).parents[3] / "configs"


def test_given_baselines_are_refused_with_attacks() -> None:
    config = load_config(str(CONFIGS / "vision_tiny.yaml"), ["attacks={}", "baselines.gold=here"])
    with pytest.raises(ConfigError, match=r"baselines\.gold must be left out with attacks"):
        check_baselines(config)


def test_without_attacks_there_are_no_models_and_baselines_may_be_given() -> None:
    config = load_config(str(CONFIGS / "demo.yaml"), ["baselines.gold=here"])
    check_baselines(config)
    assert num_shadows(config) == 0


def test_targets_and_shadows_are_other_splits_of_either_world() -> None:
    settings = AttackSettings(targets=4, shadows=2)
    found = attack_splits(settings, Splits(own=1, num=10))
    assert (found[World.FORGET].targets, found[World.FORGET].shadows) == ((0, 2), (3,))
    assert (found[World.HOLDOUT].targets, found[World.HOLDOUT].shadows) == ((5, 6), (7,))
    assert attack_splits(None, Splits(own=1, num=10)) == {}
    assert attack_splits(settings, None) == {}

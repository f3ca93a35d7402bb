"""A choice is a plug-in's name with all of its settings."""

import pytest

from evals.choice import choose
from evals.errors import ConfigError


def test_a_choice_carries_every_setting_with_its_default() -> None:
    choice = choose("evals.benchmarks", {"name": "characters", "num_people": 10}, key="benchmark")
    assert choice.settings["num_people"] == 10
    assert "forget_people" in choice.settings
    assert choice.config("evals.benchmarks").num_people == 10


def test_a_choice_without_a_name_lists_what_there_is() -> None:
    with pytest.raises(ConfigError, match="benchmark.name must be given but is missing; choose"):
        choose("evals.benchmarks", {"num_people": 10}, key="benchmark")

"""Building a benchmark by its choice."""

import pytest

from evals.building import build_benchmark
from evals.choice import Choice
from evals.errors import ConfigError


def test_a_choice_is_built_with_its_settings() -> None:
    settings = {"num_people": 3, "forget_people": 1, "holdout_people": 0}
    benchmark = build_benchmark(Choice(name="characters", settings=settings))
    assert benchmark.name == "characters"
    assert len({e.name for e in benchmark.splits["full"] if e.name}) == 3


def test_an_unknown_benchmark_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.name must be one of .*did you mean 'tofu'"):
        build_benchmark(Choice(name="tofy"))


def test_an_unknown_setting_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.num_peple must be a known key"):
        build_benchmark(Choice(name="characters", settings={"num_peple": 3}))

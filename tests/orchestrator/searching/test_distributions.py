"""What Optuna is asked for is the space, conditions included."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from orchestrator.searching.distributions import at_rest, distributions, draw
from orchestrator.searching.space import SearchChoices, SearchRange, holds

SPACE = {
    "lr": SearchRange(low=1e-5, high=1e-3),
    "layer": SearchRange(low=1, high=4, log=False, integer=True),
    "retain_term": SearchChoices(choices=("none", "nll", "kl")),
    "alpha": SearchRange(low=0.1, high=10.0, when={"retain_term": ("nll", "kl")}),
}


def test_each_parameter_has_the_distribution_of_its_kind() -> None:
    found = distributions(SPACE)
    assert found["lr"] == FloatDistribution(1e-5, 1e-3, log=True)
    assert found["layer"] == IntDistribution(1, 4)
    assert found["retain_term"] == CategoricalDistribution(("none", "nll", "kl"))


def test_every_draw_lies_in_the_space() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    drawn = [draw(study.ask(), SPACE) for _ in range(40)]
    assert all(holds(SPACE, point) for point in drawn)
    assert {"alpha" in point for point in drawn} == {True, False}


def test_what_is_not_active_rests_in_the_middle_of_its_range() -> None:
    params = {"lr": 1e-4, "layer": 2, "retain_term": "none"}
    assert at_rest(SPACE, params) == {**params, "alpha": pytest.approx(1.0)}

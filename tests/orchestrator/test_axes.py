"""The two metrics of a front: the sweep's own, or two that a person names."""

import pytest

from evals.errors import ConfigError
from orchestrator.axes import Axes, Axis, axes_of, chosen_axes
from orchestrator.searching.settings import Constraint, SearchSettings

KEY = "--objectives"


def test_a_sweeps_axes_are_its_objective_and_its_first_constrained_metric() -> None:
    assert axes_of(SearchSettings()) == Axes(Axis("log_forget_quality", 1), Axis("retain", 1))
    search = SearchSettings(objective="forget", constraints={"real": Constraint(at_least=0.5)})
    assert axes_of(search) == Axes(Axis("forget", -1), Axis("real", 1))


def test_two_metrics_are_chosen_in_the_order_of_their_names() -> None:
    found = chosen_axes(("forget", "real"), SearchSettings(), key=KEY)
    assert found == Axes(Axis("forget", -1), Axis("real", 1))
    assert found.said == "forget against real"


@pytest.mark.parametrize("names", [("retain",), ("retain", "retain"), ("real", "retain", "forget")])
def test_axes_are_two_different_metrics(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="--objectives must be two different metrics but got"):
        chosen_axes(names, SearchSettings(), key=KEY)


def test_a_metric_that_is_best_near_the_gold_model_is_an_axis_only_under_a_constraint() -> None:
    names = ("forget_truth_ratio", "retain")
    with pytest.raises(ConfigError, match="best near the gold model's value"):
        chosen_axes(names, SearchSettings(), key=KEY)
    bounded = SearchSettings(constraints={"forget_truth_ratio": Constraint(at_most=0.7)})
    assert chosen_axes(names, bounded, key=KEY).objective == Axis("forget_truth_ratio", -1)

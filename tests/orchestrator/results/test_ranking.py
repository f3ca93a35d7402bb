"""The two metrics of a front: the sweep's own, or two that a person names."""

from dataclasses import replace

import pytest

from evals.errors import ConfigError
from evals.evidence import Evidence
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import Axes, Axis, axes_of, best_feasible, chosen_axes, nearest
from orchestrator.searching.constraints import Bound, Constraint, violations
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job

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


FLOOR = Bound("retain", "at_least", 0.7)

CEILING = Bound("forget", "at_most", 0.2)


def trial(number: int, *, retain: float, forget: float, bounds=(FLOOR,), stopped="") -> Entry:
    job = any_job(seed=number)
    metrics = {"retain": retain, "forget": forget}
    done = Result(job, State.DONE, "", metrics, {}, 1.0, (), 0.0, stopped=stopped)
    return Entry("npo", done, number, {}, violations(bounds, metrics))


def test_where_less_is_better_the_smallest_feasible_objective_wins() -> None:
    low, high = trial(0, retain=0.8, forget=0.1), trial(1, retain=0.8, forget=0.9)
    assert best_feasible([high, low], SearchSettings(objective="forget")) is low


def guided(entry: Entry, guide: float) -> Entry:
    told = Evidence(guides={"log_forget_quality": guide})
    metrics = {**entry.result.metrics, "log_forget_quality": -26.0}
    return replace(entry, result=replace(entry.result, metrics=metrics, evidence=told))


def test_among_equal_objectives_the_better_guide_wins_and_not_what_did_least() -> None:
    idle = guided(trial(0, retain=0.9, forget=0.9), 4.0)
    under = guided(trial(1, retain=0.8, forget=0.9), 1.5)
    over = guided(trial(2, retain=0.75, forget=0.9), -1.0)
    search = SearchSettings()
    assert best_feasible([idle, under, over], search) is over
    assert best_feasible([idle, under], search) is under
    # Results from before there were guides go by what they retain, as they did.
    bare = [replace(e, result=replace(e.result, evidence=Evidence())) for e in (under, idle)]
    assert best_feasible(bare, search) is bare[1]


def test_the_trial_nearest_to_feasible_misses_by_the_smallest_share_of_a_bound() -> None:
    bounds = (FLOOR, CEILING)
    # 0.1 of 0.7 is a seventh; 0.05 of 0.2 is a quarter.
    seventh = trial(0, retain=0.6, forget=0.1, bounds=bounds)
    quarter = trial(1, retain=0.8, forget=0.25, bounds=bounds)
    assert nearest([quarter, seventh], bounds) is seventh
    failed = replace(seventh, violations=None)
    assert nearest([failed], bounds) is None


def test_a_half_trained_model_is_the_nearest_only_where_there_is_no_other() -> None:
    early = trial(0, retain=0.65, forget=0.1, stopped="stopped at step 20")
    whole = trial(1, retain=0.2, forget=0.1)
    assert nearest([early, whole], (FLOOR,)) is whole
    assert nearest([early], (FLOOR,)) is early

"""What feasible trials dominate is counted from where each objective begins to count."""

import math

import pytest

from orchestrator.results.entry import Entry
from orchestrator.results.hypervolume import (
    corner_of,
    corner_said,
    dominated,
    feasible_metrics,
    undominated,
)
from orchestrator.searching.constraints import Bound
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job

SEARCH = SearchSettings(objective=("log_forget_quality", "retain", "forget"))
FLOOR = Bound("retain", "at_least", 0.7)
ORIGINAL = {"log_forget_quality": -9.0, "retain": 0.9, "forget": 0.8}


def found(quality, retain, forget):
    return {"log_forget_quality": quality, "retain": retain, "forget": forget}


def test_an_objective_counts_from_its_bound_or_its_worst_value_or_the_original():
    # Of forget less is better, and 1 the worst.
    assert corner_of(SEARCH, [FLOOR], ORIGINAL) == (-9.0, 0.7, 1.0)
    ceiling = Bound("forget", "at_most", 0.5)
    assert corner_of(SEARCH, [ceiling], ORIGINAL) == (-9.0, 0.0, 0.5)
    assert corner_of(SEARCH, [Bound("forget", "at_least", 0.1)], ORIGINAL)[2] == 1.0


def test_an_original_that_is_not_finite_is_no_corner():
    with pytest.raises(ValueError, match="the original model's log_forget_quality is -inf"):
        corner_of(SEARCH, [FLOOR], {**ORIGINAL, "log_forget_quality": -math.inf})


def test_the_volume_by_hand():
    corner = (-9.0, 0.7, 1.0)
    # 4 x 0.1 x 0.5 and 8 x 0.05 x 0.5 share 4 x 0.05 x 0.5.
    both = [found(-5.0, 0.8, 0.5), found(-1.0, 0.75, 0.5)]
    assert dominated(both, SEARCH, corner) == pytest.approx(0.2 + 0.2 - 0.1)
    assert dominated([*both, found(-1.0, 0.6, 0.0)], SEARCH, corner) == pytest.approx(0.3)
    assert dominated([found(math.nan, 0.8, 0.5), {}], SEARCH, corner) == 0.0


def test_what_another_beats_in_all_objectives_adds_nothing_to_the_front():
    best, worse = found(-1.0, 0.8, 0.2), found(-1.0, 0.8, 0.3)
    assert undominated([worse, best], SEARCH) == [best]


def test_only_what_keeps_every_bound_counts():
    def entry(missed):
        result = Result(any_job(), State.DONE, "", found(-1.0, 0.8, 0.5), {}, 1.0, (), 0.0)
        return Entry("npo", result, 0, {}, missed)

    kept = [entry({"retain.at_least": -0.1}), entry({"retain.at_least": 0.1}), entry(None)]
    assert len(feasible_metrics(kept)) == 1


def test_the_corner_is_said_by_objective():
    said = "log_forget_quality -9, retain 0.7 and forget 1"
    assert corner_said(SEARCH, (-9.0, 0.7, 1.0)) == said

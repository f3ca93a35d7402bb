"""What a search is told of a result beside its numbers."""

import math
from dataclasses import replace
from typing import Any

import pytest

from evals.evidence import Evidence
from orchestrator.results.signals import guide_of, signals_of
from orchestrator.searching.constraints import Bound
from orchestrator.searching.signals import Signals
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job

BOUNDS = (Bound("retain", "at_least", 0.7), Bound("real", "at_least", 0.6))


def result(evidence: Evidence) -> Result:
    return Result(any_job(), State.DONE, "", {}, {}, 1.0, (), 0.0, evidence=evidence)


def test_a_violation_is_as_sure_as_its_metric_and_what_is_not_known_is_0() -> None:
    told = Evidence(
        {"retain": 0.01, "log_forget_quality": 0.5},
        {"log_forget_quality": -1.5},
        {"log_forget_quality": math.nan},
    )
    assert signals_of(result(told), "log_forget_quality", BOUNDS) == Signals(
        guide=-1.5,
        guide_error=0.0,
        objective_error=0.5,
        violation_errors={"retain.at_least": 0.01, "real.at_least": 0.0},
    )


def test_a_trial_is_idle_if_it_did_not_move_or_forgot_nothing_to_speak_of() -> None:
    def at(guide: float, *, moved: float = 1.0) -> Result:
        told = Evidence(guides={"log_forget_quality": guide})
        return replace(result(told), facts={"moved": moved})

    def idle(trial: Result, original: Result | None) -> bool:
        return signals_of(trial, "log_forget_quality", BOUNDS, original=original).idle

    original = at(3.0)
    assert idle(at(2.9), original)
    assert not idle(at(2.8), original)
    assert not idle(at(-3.0), original), "that far on the other side it forgot a lot"
    assert idle(at(0.5, moved=0.0), original)
    assert not idle(result(Evidence()), original)
    assert not idle(at(2.9), None)


def test_a_guide_that_is_no_number_is_none() -> None:
    assert guide_of(result(Evidence(guides={"x": math.nan})), "x") is None
    assert guide_of(result(Evidence()), "x") is None


def test_a_bound_that_goes_with_the_original_is_as_sure_as_the_difference() -> None:
    relative = Bound("retain", "at_least", 0.63, "0.9 x the original's", 0.9)
    original = result(Evidence({"retain": 0.05}))
    trial = result(Evidence({"retain": 0.05}, with_original={"retain": 0.0024}))

    def error(bound: Bound, **known: Any) -> float:
        found = signals_of(trial, "log_forget_quality", [bound], original=original, **known)
        return found.violation_errors["retain.at_least"]

    left = math.sqrt(0.05**2 - 2 * 0.9 * 0.0024 + 0.81 * 0.05**2)
    assert error(relative) == pytest.approx(left)
    assert error(relative, seeds={"retain": 0.01}) == pytest.approx(math.hypot(left, 0.01))
    assert error(BOUNDS[0]) == 0.05


def test_without_a_guide_the_objective_says_whether_a_trial_forgot_anything() -> None:
    def idle(value: float) -> bool:
        trial, original = (
            replace(result(Evidence()), metrics={"forget_probability": each})
            for each in (value, 0.8)
        )
        return signals_of(trial, "forget_probability", BOUNDS, original=original).idle

    assert idle(0.77)
    assert not idle(0.75)
    assert not idle(math.nan)


def test_who_kept_all_of_what_is_to_be_kept_is_not_idle() -> None:
    trial, original = (
        replace(result(Evidence()), metrics={"retain": each}, facts={"moved": 1.0})
        for each in (0.846, 0.85)
    )
    assert not signals_of(trial, "retain", (), original=original).idle

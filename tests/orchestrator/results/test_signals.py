"""What a search is told of a result beside its numbers."""

import math
from dataclasses import replace

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

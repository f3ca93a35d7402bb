"""What counts of a measured result, and what it is then in its sweep."""

import math
from dataclasses import replace

import pytest

from evals.choice import Choice
from orchestrator.results.feasibility import collapsed, judged, without_result
from orchestrator.searching.constraints import Bound, Constraint
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job

FLOOR = Bound("retain", "at_least", 0.7)
SEARCH = SearchSettings(constraints={"retain": Constraint(at_least=0.9)})
PLAIN = Choice(name="any")
JOB = any_job(method=PLAIN, base="")


def done(*, stopped: str = "", **metrics: float) -> Result:
    failed = without_result(JOB, "")
    measured = {"log_forget_quality": -3.0, "retain": 0.8, **metrics}
    return replace(failed, state=State.DONE, metrics=measured, stopped=stopped)


def test_a_measured_result_counts_with_what_it_misses() -> None:
    kept = done()
    assert judged(kept, SEARCH, [FLOOR]) == (kept, {"retain.at_least": pytest.approx(-0.1)})
    missed = judged(done(retain=0.5), SEARCH, [FLOOR])[1]
    assert missed == {"retain.at_least": pytest.approx(0.2)}


@pytest.mark.parametrize("metric", ["log_forget_quality", "retain"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_deciding_metric_that_is_not_finite_is_a_failure_and_a_collapse(
    metric: str, value: float
) -> None:
    found, missed = judged(done(**{metric: value}), SEARCH, [FLOOR])
    assert (found.state, found.reason, missed) == (State.FAILED, f"{metric} is {value}", None)
    assert collapsed(done(**{metric: value}), SEARCH)


def test_every_number_that_is_wrong_is_named() -> None:
    wrong = done(log_forget_quality=-math.inf, retain=math.nan)
    reason = judged(wrong, SEARCH, [FLOOR])[0].reason
    assert reason == "log_forget_quality is -inf and retain is nan"


def test_a_deciding_metric_that_is_missing_is_a_failure_but_no_collapse() -> None:
    bare = replace(done(), metrics={"retain": 0.8})
    found, missed = judged(bare, SEARCH, [FLOOR])
    assert (found.reason, missed) == ("log_forget_quality was not measured", None)
    assert not collapsed(bare, SEARCH)


def test_what_was_stopped_counts_only_where_it_misses_a_bound() -> None:
    why = "stopped at step 40"
    found, missed = judged(done(retain=0.5, stopped=why), SEARCH, [FLOOR])
    assert (found.state, found.stopped) == (State.DONE, why)
    assert missed == {"retain.at_least": pytest.approx(0.2)}
    found, missed = judged(done(stopped=why), SEARCH, [FLOOR])
    assert (found.state, missed) == (State.FAILED, None)
    assert found.reason == "stopped at step 40, but keeps every bound"


def test_a_failure_stays_one_whatever_else_it_says() -> None:
    failed = without_result(JOB, "the loss became nan")
    assert judged(failed, SEARCH, [FLOOR]) == (failed, None)
    assert failed.by_chance
    assert not collapsed(failed, SEARCH)
    assert collapsed(replace(failed, collapsed=True), SEARCH)

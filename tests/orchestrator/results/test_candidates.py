"""What kept a bound by luck alone is tried after what keeps it again."""

import pytest
from scipy.stats import norm

from evals.evidence import Evidence
from orchestrator.results.candidates import candidates, keeps_again
from orchestrator.results.entry import Entry
from orchestrator.searching.constraints import Bound, violations
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job

FLOOR = Bound("retain", "at_least", 0.7)


def trial(number: int, *, retain: float, quality: float, error: float | None = 0.01) -> Entry:
    told = Evidence() if error is None else Evidence({"retain": error})
    metrics = {"retain": retain, "log_forget_quality": quality}
    result = Result(any_job(), State.DONE, "", metrics, {}, 1.0, (), 0.0, evidence=told)
    return Entry("npo", result, number, {}, violations([FLOOR], metrics))


def numbers(*trials: Entry, **settings) -> list[int | None]:
    search = SearchSettings(**settings)
    return [found.number for found in candidates(trials, [FLOOR], search=search)]


def test_those_that_keep_it_again_come_by_merit_and_then_the_likeliest() -> None:
    lucky, luckier = (trial(n, retain=r, quality=-1.0) for n, r in ((0, 0.701), (1, 0.706)))
    sure, surest = trial(2, retain=0.73, quality=-4.0), trial(3, retain=0.9, quality=-9.0)
    broken = trial(4, retain=0.69, quality=0.0)
    assert numbers(lucky, luckier, surest, sure, broken) == [2, 3, 1, 0]
    # Where a half is enough all are sure, and by merit more retained is better among equals.
    assert numbers(lucky, luckier, surest, sure, floor_probability=0.5) == [1, 0, 2, 3]


def test_where_no_error_is_known_they_come_by_merit() -> None:
    bare = [trial(n, retain=0.7 + n / 100, quality=-n, error=None) for n in range(3)]
    assert numbers(*reversed(bare)) == [0, 1, 2]


def test_both_the_trial_and_the_next_training_are_as_unsure_as_each_other() -> None:
    assert keeps_again({"a": 0.0}, {"a": 0.1}) == pytest.approx(0.5)
    assert keeps_again({"a": -0.2}, {"a": 0.1}) == pytest.approx(norm.cdf(2 / 2**0.5))
    both = keeps_again({"a": -0.2, "b": -0.1}, {"a": 0.1, "b": 0.1})
    assert both == pytest.approx(norm.cdf(2 / 2**0.5) * norm.cdf(1 / 2**0.5))
    assert keeps_again({"a": -0.2, "b": 0.1}, {}) == 0.0
    assert keeps_again({"a": 0.0}, {}) == keeps_again({}, {}) == 1.0

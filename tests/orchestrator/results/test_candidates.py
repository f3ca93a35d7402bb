"""What kept a bound by luck alone is tried after what keeps it again."""

import math

import pytest
from scipy.stats import norm

from evals.evidence import Evidence
from orchestrator.results.candidates import candidates, keeps_again, safest
from orchestrator.results.entry import Entry, Reference
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


def numbers(*trials: Entry, original: float = -9.0, **settings) -> list[int | None]:
    found = candidates(trials, baselines(original), search=SearchSettings(**settings))
    return [each.number for each in found]


def baselines(original: float = -9.0) -> Reference:
    whole, gold = (
        Result(any_job(), State.DONE, "", {"log_forget_quality": of}, {}, 1.0, (), 0.0)
        for of in (original, 0.0)
    )
    return Reference(whole, gold, (FLOOR,))


def test_a_lucky_gain_comes_after_a_sure_one_nearly_as_large_and_before_doing_nothing() -> None:
    # 0.001 is 0.07 of sqrt(2) 0.01: a chance of 0.53, of a gain of 8 of 9.
    lucky = trial(0, retain=0.701, quality=-1.0)
    sure, little = trial(1, retain=0.73, quality=-3.0), trial(2, retain=0.8, quality=-8.0)
    idle, broken = trial(3, retain=0.9, quality=-9.0), trial(4, retain=0.69, quality=0.0)
    assert numbers(idle, little, lucky, sure, broken) == [1, 0, 2, 3]
    # Where a half is enough all are as sure as that, and the gain decides.
    assert numbers(idle, little, lucky, sure, floor_probability=0.5) == [0, 1, 2, 3]


def test_among_those_that_gain_nothing_the_likelier_comes_first() -> None:
    low, high = trial(0, retain=0.705, quality=-9.0), trial(1, retain=0.9, quality=-9.5)
    assert numbers(low, high) == [1, 0]
    assert numbers(low, high, original=math.nan) == [1, 0], "without an original all gain alike"


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


def test_the_safest_is_the_likeliest_to_keep_its_bounds_whatever_it_gains() -> None:
    found = [trial(0, retain=0.73, quality=-1.0), trial(1, retain=0.9, quality=-9.0)]
    assert safest(found, baselines(), search=SearchSettings()) is found[1]
    assert safest([], baselines(), search=SearchSettings()) is None


def test_of_several_objectives_the_others_are_spread_over_the_front() -> None:
    best = trial(0, retain=0.75, quality=-1.0)
    beside, middle = trial(1, retain=0.755, quality=-1.5), trial(2, retain=0.85, quality=-4.0)
    far, inside = trial(3, retain=0.9, quality=-7.0), trial(4, retain=0.8, quality=-5.0)
    both = ("log_forget_quality", "retain")
    # Above (-9, 0.7) the first dominates 0.4; the middle adds 0.5, far 0.1, and beside 0.0375.
    assert numbers(inside, far, middle, beside, best, objective=both) == [0, 2, 3, 1, 4]
    assert numbers(inside, far, middle, beside, best) == [0, 1, 2, 4, 3]

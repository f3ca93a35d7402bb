"""What kept a bound by luck alone is tried after what keeps it again."""

import math

from evals.evidence import Evidence
from orchestrator.results.candidates import Candidates, candidates
from orchestrator.results.entry import Entry, Reference
from orchestrator.searching.constraints import Bound, violations
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import SearchRange
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job

FLOOR = Bound("retain", "at_least", 0.7)
SPACE = {"lr": SearchRange(low=0.1, high=10.0, log=True)}


def trial(
    number: int, *, retain: float, quality: float, error: float | None = 0.01, lr: float = 1.0
) -> Entry:
    told = Evidence() if error is None else Evidence({"retain": error})
    metrics = {"retain": retain, "log_forget_quality": quality}
    result = Result(any_job(), State.DONE, "", metrics, {}, 1.0, (), 0.0, evidence=told)
    return Entry("npo", result, number, {"lr": lr}, violations([FLOOR], metrics))


def lined_up(*trials: Entry, original: float = -9.0, num_runs: int = 1, **settings) -> Candidates:
    search = SearchSettings(**settings)
    return candidates(trials, baselines(original), search=search, space=SPACE, num_runs=num_runs)


def numbers(*trials: Entry, **settings) -> list[int | None]:
    return [each.number for each in lined_up(*trials, **settings).trials]


def baselines(original: float = -9.0) -> Reference:
    whole, gold = (
        Result(any_job(), State.DONE, "", {"log_forget_quality": of}, {}, 1.0, (), 0.0)
        for of in (original, 0.0)
    )
    return Reference(whole, gold, (FLOOR,))


def test_a_lucky_gain_comes_after_a_sure_one_nearly_as_large() -> None:
    # 0.001 is 0.07 of sqrt(2) 0.01: a chance of 0.53, of a gain of 8 of 9.
    lucky, sure = trial(0, retain=0.701, quality=-1.0), trial(1, retain=0.73, quality=-3.0)
    assert numbers(lucky, sure) == [1, 0]
    # Where a half is enough both are as sure as that, and the gain decides.
    assert numbers(lucky, sure, floor_probability=0.5) == [0, 1]


def test_doing_nothing_comes_last_and_what_breaks_a_bound_not_at_all() -> None:
    little, idle = trial(2, retain=0.8, quality=-8.0), trial(3, retain=0.9, quality=-9.0)
    assert numbers(idle, little) == [2, 3]
    assert numbers(trial(4, retain=0.69, quality=0.0), idle) == [3]


def test_what_neighbours_say_of_a_bound_counts_for_a_trial_that_had_luck() -> None:
    """Retain falls by 0.02 from one to the next, and the sixth is measured as if it were before."""
    retain = [0.79 - 0.02 * n for n in range(9)]
    retain[5] = 0.715
    line = [
        trial(n, retain=kept, quality=n / 4 - 4, lr=0.1 * 1.7**n) for n, kept in enumerate(retain)
    ]
    assert numbers(*line[4:6], num_runs=3) == [5, 4]
    found = numbers(*line, num_runs=3)
    assert found.index(4) < found.index(5)


def test_among_those_that_gain_nothing_the_likelier_comes_first() -> None:
    low, high = trial(0, retain=0.705, quality=-9.0), trial(1, retain=0.9, quality=-9.5)
    assert numbers(low, high) == [1, 0]
    assert numbers(low, high, original=math.nan) == [1, 0], "without an original all gain alike"


def test_where_no_error_is_known_they_come_by_merit() -> None:
    bare = [trial(n, retain=0.7 + n / 100, quality=-n, error=None, lr=1 + n) for n in range(3)]
    assert numbers(*reversed(bare)) == [0, 1, 2]


def test_the_safest_is_the_likeliest_to_keep_its_bounds_whatever_it_gains() -> None:
    both = trial(0, retain=0.73, quality=-1.0), trial(1, retain=0.9, quality=-9.0)
    assert lined_up(*both).safest is both[1]
    assert lined_up().safest is None


def test_of_several_objectives_the_others_are_spread_over_the_front() -> None:
    best = trial(0, retain=0.75, quality=-1.0)
    beside, middle = trial(1, retain=0.755, quality=-1.5), trial(2, retain=0.85, quality=-4.0)
    far, inside = trial(3, retain=0.9, quality=-7.0), trial(4, retain=0.8, quality=-5.0)
    both = ("log_forget_quality", "retain")
    # Above (-9, 0.7) the first dominates 0.4; the middle adds 0.5, far 0.1, and beside 0.0375.
    assert numbers(inside, far, middle, beside, best, objective=both) == [0, 2, 3, 1, 4]
    assert numbers(inside, far, middle, beside, best) == [0, 1, 2, 4, 3]

"""Which adapters go: never one that a table, a front or a reader of the results would want."""

import math
import random

import pytest

from evals.choice import Choice
from orchestrator.limits.adapter_retention import Held, kept_jobs, to_remove
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import best_feasible, sweep_front
from orchestrator.searching.constraints import Bound, Constraint, is_feasible, violations
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from trainers.settings import AdapterSettings

SEARCH = SearchSettings()
BOUNDS = (Bound("retain", "at_least", 0.5),)


def trial(number: int, *, label: str = "npo", quality: float, retain: float, **more) -> Entry:
    """Returns a trial of log forget quality `quality` (more is better) with a floor on retain."""
    job = any_job(adapter=AdapterSettings(), seed=number, method=Choice(name=label))
    metrics = {"log_forget_quality": quality, "retain": retain, **more}
    wrong = [value for value in metrics.values() if not math.isfinite(value)]
    state = State.FAILED if wrong else State.DONE
    result = Result(job, state, "", metrics, {}, 1.0, (), 0.0)
    return Entry(label, result, number, {}, None if wrong else violations(BOUNDS, metrics))


def removed(entries, excess, *, held=None, search=SEARCH, bounds=BOUNDS, size=10) -> list[int]:
    """Returns the numbers of the trials that go, in order; each adapter takes `size`."""
    candidates = [Held(entry, size) for entry in (entries if held is None else held)]
    chosen = to_remove(candidates, entries, search=search, bounds=bounds, excess=excess)
    return [each.entry.number for each in chosen]


def test_nothing_goes_while_there_is_no_excess() -> None:
    assert removed([trial(i, quality=-i, retain=0.6) for i in range(4)], 0) == []


def test_what_is_feasible_and_dominated_goes_by_its_objective_the_worst_first() -> None:
    entries = [
        trial(0, quality=-2, retain=0.8),
        trial(1, quality=-9, retain=0.7),
        trial(2, quality=-1, retain=0.6),
        trial(3, quality=-5, retain=0.6),
    ]
    assert removed(entries, 1) == [1]
    assert removed(entries, 11) == [1, 3]
    assert removed(entries, 10**9) == [1, 3], "0 and 2 are the front"


def test_destroyed_models_go_first_then_the_farthest_from_feasible_then_feasible_ones() -> None:
    entries = [
        trial(0, quality=-1, retain=0.9),
        trial(1, quality=-8, retain=0.8),
        trial(2, quality=-6, retain=0.4),
        trial(3, quality=-6, retain=0.1),
        trial(4, quality=math.nan, retain=0.9),
    ]
    assert removed(entries, 10**9) == [4, 3, 2, 1]


def test_among_equals_the_latest_goes_first() -> None:
    best = trial(0, quality=-1, retain=0.9)
    entries = [best, trial(1, quality=-3, retain=0.7), trial(2, quality=-3, retain=0.7)]
    assert removed(entries, 10) == [2]


def test_an_infeasible_trial_on_the_sweeps_front_stays_as_its_table_names_its_job() -> None:
    entries = [trial(0, quality=-9, retain=0.9), trial(1, quality=0, retain=0.1)]
    assert sweep_front(entries, search=SEARCH) == entries
    assert removed(entries, 10**9) == []


def test_the_best_feasible_trial_of_a_method_stays_though_another_method_beats_it() -> None:
    strong = [trial(i, label="rmu", quality=-1, retain=0.9 - i / 100) for i in range(3)]
    weak = [trial(i, label="ga", quality=-20 - i, retain=0.6) for i in range(3)]
    kept = kept_jobs([*strong, *weak], search=SEARCH, bounds=BOUNDS)
    assert kept == {strong[0].result.job.hash, weak[0].result.job.hash}


def test_while_nothing_is_feasible_the_nearest_trial_stays() -> None:
    better = trial(0, label="rmu", quality=0, retain=0.9)
    entries = [better, *(trial(i, quality=-3, retain=0.4 - i / 10) for i in range(1, 4))]
    assert removed(entries, 10**9) == [3, 2]


def test_only_what_may_be_removed_at_all_is_and_others_count_for_the_fronts() -> None:
    entries = [trial(0, quality=-1, retain=0.9), trial(1, quality=-3, retain=0.8)]
    assert removed(entries, 10**9, held=entries[:1]) == []
    assert removed(entries, 10**9, held=entries[1:]) == [1]


def test_the_front_of_a_method_is_in_every_constrained_metric_whichever_way_it_is_best() -> None:
    constraints = {
        "retain": Constraint(at_least=0.5, relative_to="absolute"),
        "extraction_strength": Constraint(at_most=0.5, relative_to="absolute"),
    }
    search = SearchSettings(constraints=constraints)
    bounds = (Bound("retain", "at_least", 0.5), Bound("extraction_strength", "at_most", 0.5))

    def of(number: int, quality: float, retain: float, extracted: float) -> Entry:
        found = trial(number, quality=quality, retain=retain, extraction_strength=extracted)
        missed = violations(bounds, found.result.metrics)
        return Entry("npo", found.result, number, {}, missed)

    entries = [of(0, -1, 0.9, 0.4), of(1, -2, 0.8, 0.1), of(2, -2, 0.8, 0.45)]
    assert removed(entries, 10**9, search=search, bounds=bounds) == [2]


def test_a_metric_that_is_an_objective_and_bounded_counts_once() -> None:
    floor = Constraint(at_least=-50, relative_to="absolute")
    search = SearchSettings(constraints={"log_forget_quality": floor})
    entries = [trial(i, quality=-1 - i, retain=0.9) for i in range(3)]
    assert removed(entries, 10**9, search=search) == [2, 1]


@pytest.mark.parametrize("seed", range(30))
def test_whatever_is_removed_no_table_changes_and_nothing_is_missed_later(seed: int) -> None:
    """What goes after some trials would go after all of them, too; what tables name stays."""
    random_ = random.Random(seed)
    values = [0.1, 0.3, 0.5, 0.6, 0.8, math.nan]
    entries = [
        trial(
            i,
            label=random_.choice(["npo", "ga", "rmu"]),
            quality=-random_.choice([0, 1, 5, 5, 30]),
            retain=random_.choice(values),
        )
        for i in range(40)
    ]
    gone: set[int] = set()
    for seen in range(1, 41):
        gone |= set(removed(entries[:seen], random_.choice([0, 10, 10**9])))
    named = {entry.number for entry in sweep_front(entries, search=SEARCH)}
    for label in ("npo", "ga", "rmu"):
        best = best_feasible([e for e in entries if e.label == label], SEARCH)
        named |= {best.number} if best else set()
    assert not named & gone
    assert gone <= set(removed(entries, 10**9))
    left = [entry for entry in entries if entry.number not in gone]
    for entry in entries:
        if entry.number in gone and entry.violations is not None and entry.feasible:
            assert any(beats(other, entry) for other in left), "its better is still there"


def beats(one: Entry, other: Entry) -> bool:
    if one.label != other.label or one.violations is None or not is_feasible(one.violations):
        return False
    names = ("log_forget_quality", "retain")
    return all(one.result.metrics[n] >= other.result.metrics[n] for n in names)

"""Which trials' adapters may go when there is too little disk, and in which order; no IO.

Kept are, of each method, the best feasible trial (or the one nearest to feasible, while none is)
and the Pareto front of its feasible trials in every objective and constrained metric; and what
is on the sweep's own front, feasible or not. Everything else is *dominated*. A trial that is
dominated stays so whatever else ends, so nothing that is removed is ever wanted again for a table.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.results.entry import Entry
from orchestrator.results.pareto import dominates, gain
from orchestrator.results.ranking import best_or_nearest, sweep_front
from orchestrator.searching.constraints import Bound, distance
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import State


@dataclass(frozen=True, slots=True)
class Held:
    """A trial whose adapter is on disk and takes `size` bytes."""

    entry: Entry
    size: int

    @property
    def job(self) -> str:
        """The hash of the trial's job."""
        return self.entry.result.job.hash


def kept_jobs(
    entries: Sequence[Entry], *, search: SearchSettings, bounds: Sequence[Bound]
) -> frozenset[str]:
    """Returns the hashes of the trials whose adapters are kept whatever they take."""
    kept = list(sweep_front(entries, search=search))
    for label in dict.fromkeys(entry.label for entry in entries):
        own = [entry for entry in entries if entry.label == label]
        chosen = best_or_nearest(own, bounds, search=search)
        kept += [] if chosen is None else [chosen]
        kept += _method_front(own, search)
    return frozenset(entry.result.job.hash for entry in kept)


def to_remove(
    held: Iterable[Held],
    entries: Sequence[Entry],
    *,
    search: SearchSettings,
    bounds: Sequence[Bound],
    excess: int,
) -> tuple[Held, ...]:
    """Returns what is to be removed to free `excess` bytes, the worst first.

    `entries` are all trials of the sweep, `held` those that may be removed at all. It is less than
    `excess` where there is no more that is dominated.
    """
    kept = kept_jobs(entries, search=search, bounds=bounds)
    dominated = [each for each in held if each.job not in kept]
    dominated.sort(key=lambda each: _badness(each.entry, search, bounds), reverse=True)
    chosen = list[Held]()
    for each in dominated:
        if excess <= 0:
            break
        chosen.append(each)
        excess -= each.size
    return tuple(chosen)


def _method_front(entries: Sequence[Entry], search: SearchSettings) -> list[Entry]:
    """Returns the feasible trials that no other one beats in all that decides at once."""
    feasible = [entry for entry in entries if entry.feasible]
    points = [_point(entry, search) for entry in feasible]
    return [
        entry
        for entry, point in zip(feasible, points, strict=True)
        if not any(dominates(other, point) for other in points)
    ]


def _point(entry: Entry, search: SearchSettings) -> tuple[float, ...]:
    """Returns objectives and constrained metrics, signed so that more is better."""
    metrics, objectives = entry.result.metrics, search.objectives
    others = [name for name in search.constraints if name not in objectives]
    best = [gain(name, metrics[name]) for name in objectives]
    return (*best, *(search.sign(name) * metrics[name] for name in others))


def _badness(
    entry: Entry, search: SearchSettings, bounds: Sequence[Bound]
) -> tuple[int, float, int]:
    """Returns by what trials are removed first: destroyed ones, then those farthest from
    feasible, then feasible ones by their objective; among equals the latest.
    """
    number = entry.number or 0
    if entry.result.state != State.DONE or entry.violations is None:
        return 2, math.inf, number
    if not entry.feasible:
        return 1, distance(bounds, entry.violations), number
    return 0, -gain(search.primary, entry.result.metrics[search.primary]), number

"""The best feasible value so far of each method, against what was spent to find it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.config.budget import HOUR_S
from orchestrator.results.entry import Entry
from orchestrator.results.hypervolume import dominated, undominated
from orchestrator.results.pareto import gain
from orchestrator.results.ranking import is_measured, is_trial, trials_of
from orchestrator.searching.settings import SearchSettings


@dataclass(frozen=True, slots=True)
class Incumbent:
    """How a method got on: after each of its trials, in the order in which they ended.

    `hours` is the gang time of its trials so far, those that were found in storage included;
    `best` the best feasible objective so far, of several the hypervolume that feasible trials
    dominate so far, NaN as long as nothing is feasible.
    """

    label: str
    hours: tuple[float, ...]
    best: tuple[float, ...]

    @property
    def found(self) -> bool:
        """Whether anything was feasible."""
        return bool(self.best) and math.isfinite(self.best[-1])


def incumbents_of(
    entries: Sequence[Entry], search: SearchSettings, corner: Sequence[float] = ()
) -> list[Incumbent]:
    """Returns the incumbent of each method that has a trial, by label.

    `corner` is where each of several objectives begins to count.
    """
    labels = sorted({entry.label for entry in entries if is_trial(entry)})
    return [_incumbent(label, trials_of(entries, label), search, corner) for label in labels]


def _incumbent(
    label: str, trials: Sequence[Entry], search: SearchSettings, corner: Sequence[float]
) -> Incumbent:
    hours: list[float] = []
    spent_s = 0.0
    for entry in trials:
        spent_s += entry.result.wall_s
        hours.append(spent_s / HOUR_S)
    best = _volumes(trials, search, corner) if corner else _bests(trials, search)
    return Incumbent(label, tuple(hours), tuple(best))


def _bests(trials: Sequence[Entry], search: SearchSettings) -> Iterator[float]:
    so_far = math.nan
    for entry in trials:
        if _counts(entry):
            so_far = _better(so_far, entry.result.metrics[search.primary], search)
        yield so_far


def _volumes(
    trials: Sequence[Entry], search: SearchSettings, corner: Sequence[float]
) -> Iterator[float]:
    so_far = math.nan
    front: list[Mapping[str, float]] = []
    for entry in trials:
        if _counts(entry):
            front = undominated([*front, entry.result.metrics], search)
            so_far = dominated(front, search, corner)
        yield so_far


def _counts(entry: Entry) -> bool:
    return is_measured(entry) and entry.feasible


def _better(first: float, second: float, search: SearchSettings) -> float:
    if math.isnan(first):
        return second
    return max(first, second, key=lambda value: gain(search.primary, value))

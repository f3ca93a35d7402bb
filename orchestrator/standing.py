"""Where a sweep's trials stand: which is the best, the nearest to feasible, on the front."""

import math
from collections.abc import Iterable, Sequence

from orchestrator.axes import axes_of, front_between
from orchestrator.constraints import Bound, distance
from orchestrator.entry import Entry
from orchestrator.pareto import gain
from orchestrator.result import State
from orchestrator.searching.settings import SearchSettings
from trainers.job import Phase


def sweep_front(entries: Sequence[Entry], *, search: SearchSettings) -> list[Entry]:
    """Returns the trials of the sweep's Pareto front, from the best in `search.horizontal` on."""
    return front_between(entries, axes_of(search))


def best_feasible(entries: Iterable[Entry], search: SearchSettings) -> Entry | None:
    """Returns the feasible trial with the best objective, or None.

    Among equals it is the one that is best in `search.horizontal`, as forget quality takes few
    values and a model that retains more for the same one is the better; then the lowest number.
    """
    feasible = [entry for entry in entries if is_measured(entry) and entry.feasible]

    def merit(entry: Entry) -> tuple[float, float, int]:
        across = search.horizontal_sign * _across(entry, search)
        kept = -math.inf if math.isnan(across) else across
        return _gain(entry, search), kept, -(entry.number or 0)

    return max(feasible, key=merit, default=None)


def nearest(entries: Iterable[Entry], bounds: Sequence[Bound]) -> Entry | None:
    """Returns the trial nearest to feasible, or None if no trial was measured.

    It is the one whose largest violation, as a share of its bound's size, is the smallest; among
    equals the earliest. One that was stopped early is it only where all were.
    """
    done = [entry for entry in entries if is_measured(entry)]
    whole = [entry for entry in done if not entry.result.stopped]
    return min(
        whole or done, key=lambda entry: distance(bounds, entry.violations or {}), default=None
    )


def is_measured(entry: Entry) -> bool:
    """Whether the trial has numbers that count."""
    return entry.result.state == State.DONE and entry.violations is not None


def is_trial(entry: Entry) -> bool:
    """Whether it is no baseline."""
    return entry.result.job.phase == Phase.TRIAL


def _gain(entry: Entry, search: SearchSettings) -> float:
    return gain(search.objective, entry.result.metrics[search.objective])


def _across(entry: Entry, search: SearchSettings) -> float:
    """Returns the horizontal metric; NaN where a sweep without constraints has not measured it."""
    return entry.result.metrics.get(search.horizontal, math.nan)

"""What a figure of a sweep shows: where its jobs lie, which have a name, how far the axes reach."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.constraints import Bound
from orchestrator.entry import Entry
from orchestrator.pareto import front, gain
from orchestrator.result import State
from orchestrator.searching.settings import SearchSettings
from orchestrator.standing import best_feasible
from trainers.job import Phase

COMPRESSED_BEYOND = 50.0
"""Values larger than this in size get an axis that is logarithmic away from [-1, 1]."""

MAX_BOUNDS = 3
"""Bounds that the subtitle spells out; more would leave the figure."""


@dataclass(frozen=True, slots=True)
class Point:
    """A measured job: x is `search.horizontal`, y the objective."""

    entry: Entry
    x: float
    y: float

    @property
    def phase(self) -> Phase:
        """The part of the sweep it belongs to."""
        return self.entry.result.job.phase


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis' limits; `ticks` are given where it is logarithmic away from [-1, 1], else None."""

    low: float
    high: float
    ticks: tuple[float, ...] | None = None


def points_of(entries: Sequence[Entry], search: SearchSettings) -> list[Point]:
    """Returns the jobs that have finite numbers in both metrics."""
    names = search.horizontal, search.objective
    points = []
    for entry in entries:
        x, y = (entry.result.metrics.get(name, math.nan) for name in names)
        if entry.result.state == State.DONE and math.isfinite(x) and math.isfinite(y):
            points.append(Point(entry, x, y))
    return points


def trials_of(points: Sequence[Point]) -> list[Point]:
    """Returns the points that are no baselines."""
    return [point for point in points if point.phase == Phase.TRIAL]


def labels_of(entries: Sequence[Entry]) -> list[str]:
    """Returns the methods' labels in alphabetical order."""
    return sorted({e.label for e in entries if e.result.job.phase == Phase.TRIAL})


def named_points(points: Sequence[Point], search: SearchSettings) -> list[Point]:
    """Returns the baselines and then each method's best feasible trial, if it has one."""
    trials = trials_of(points)
    named = [point for point in points if point.phase != Phase.TRIAL]
    for label in labels_of([point.entry for point in trials]):
        entries = (point.entry for point in trials if point.entry.label == label)
        chosen = best_feasible(entries, search)
        named += [point for point in trials if point.entry is chosen]
    return named


def front_corners(trials: Sequence[Point], search: SearchSettings) -> list[tuple[float, float]]:
    """Returns where the trials on the Pareto front lie, from left to right."""
    sign = search.horizontal_sign
    kept = front([(gain(search.objective, point.y), sign * point.x) for point in trials])
    return sorted({(trials[i].x, trials[i].y) for i in kept})


def subtitle(entries: Sequence[Entry], points: Sequence[Point], bounds: Sequence[Bound]) -> str:
    """Returns how many methods and trials there are, how many are hidden, and what is feasible."""
    num_trials = sum(entry.result.job.phase == Phase.TRIAL for entry in entries)
    num_hidden = num_trials - len(trials_of(points))
    said = [_count(len(labels_of(entries)), "method"), _count(num_trials, "trial")]
    said += [f"{num_hidden} of them failed and not shown"] * (num_hidden > 0)
    limits = [f"{bound.metric} {bound.sign} {bound.value:.3g}" for bound in bounds]
    said += [f"feasible: {' and '.join(limits[:MAX_BOUNDS])}"] * bool(limits)
    said += [f"{_count(len(limits) - MAX_BOUNDS, 'bound')} more"] * (len(limits) > MAX_BOUNDS)
    return ", ".join(said)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def linear_axis(values: Sequence[float]) -> Axis:
    """Returns an axis with some room around the values."""
    low, high = min(values), max(values)
    room = 0.07 * (high - low) or max(0.05 * abs(high), 0.05)
    return Axis(low - room, high + room)


def objective_axis(values: Sequence[float]) -> Axis:
    """Returns a linear axis, or a compressed one where the values reach far: log p to -400."""
    low, high = min(values), max(values)
    if max(-low, high) <= COMPRESSED_BEYOND:
        return linear_axis(values)
    bottom = low * 1.7 if low < -1 else min(low, 0.0) - 0.4
    top = high * 1.7 if high > 1 else max(high, 0.0) + 0.4
    decades = range(math.ceil(math.log10(max(-bottom, top))))
    sizes = [base * 10.0**decade for decade in decades for base in (1, 3)]
    ticks = sorted([0.0, *sizes, *(-size for size in sizes)])
    return Axis(bottom, top, tuple(tick for tick in ticks if bottom <= tick <= top))

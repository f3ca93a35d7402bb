"""What a figure of a sweep shows: where its jobs lie, which have a name, what is counted."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.estimates.inference import Interval
from orchestrator.results.entry import Entry
from orchestrator.results.pareto import front
from orchestrator.results.ranking import Axes, best_trials
from orchestrator.searching.constraints import Bound
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import State
from trainers.job import Phase

MAX_BOUNDS = 3
"""Bounds that the subtitle spells out; more would leave the figure."""
MAX_LABEL = 24
"""Letters of a label that are shown; more would leave the figure."""


@dataclass(frozen=True, slots=True)
class Point:
    """A measured job: x and y are its values on the horizontal and the vertical axis."""

    entry: Entry
    x: float
    y: float

    @property
    def phase(self) -> Phase:
        """The part of the sweep it belongs to."""
        return self.entry.result.job.phase


@dataclass(frozen=True, slots=True)
class Named:
    """What has a name in the figure: a baseline, a method's best trial, or a finalist.

    A finalist is at the mean over its seeds; `across` and `up` are the ends of the intervals, and
    `feasible` says whether that mean keeps the bounds, `forgot` whether anything was forgotten
    beyond chance, as far as that is known.
    """

    label: str
    phase: Phase
    x: float
    y: float
    across: tuple[float, float] | None = None
    up: tuple[float, float] | None = None
    feasible: bool = True
    forgot: bool | None = None
    name: str = ""

    @property
    def title(self) -> str:
        """What it is called: a method by its label or its own name, a baseline with a capital."""
        return (
            short(self.name or self.label) if self.phase == Phase.TRIAL else self.label.capitalize()
        )


def points_of(entries: Sequence[Entry], axes: Axes) -> list[Point]:
    """Returns the jobs that have finite numbers in both metrics."""
    names = axes.horizontal.metric, axes.objective.metric
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


def best_points(points: Sequence[Point], search: SearchSettings) -> list[Named]:
    """Returns the baselines and then each method's best feasible trial, if it has one."""
    entries = [point.entry for point in points]
    best = best_trials(entries, labels_of(entries), search=search)
    named = [point for point in points if point.phase != Phase.TRIAL]
    named += [point for entry in best.values() for point in points if point.entry is entry]
    return [
        Named(point.entry.label, point.phase, point.x, point.y, forgot=point.entry.forgot)
        for point in named
    ]


def final_points(finals: Finals, axes: Axes) -> Iterator[Named]:
    """Yields the baselines, as measured on the finalists' items, and the finalists' means."""
    x, y = axes.horizontal.metric, axes.objective.metric
    for phase, metrics in ((Phase.ORIGINAL, finals.original), (Phase.GOLD, finals.gold)):
        if _are_finite(metrics.get(x), metrics.get(y)):
            yield Named(str(phase), phase, metrics[x], metrics[y])
    for final in finals.finals:
        across, up = final.metrics.get(x), final.metrics.get(y)
        if across is None or up is None or not _are_finite(across.mean, up.mean):
            continue
        yield Named(
            label=final.label,
            phase=Phase.TRIAL,
            x=across.mean,
            y=up.mean,
            across=_ends(across),
            up=_ends(up),
            feasible=final.feasible,
            forgot=final.forgot,
            name=final.name,
        )


def _ends(interval: Interval) -> tuple[float, float] | None:
    known = _are_finite(interval.low, interval.high)
    return (interval.low, interval.high) if known else None


def _are_finite(*values: float | None) -> bool:
    return all(value is not None and math.isfinite(value) for value in values)


def front_corners(trials: Sequence[Point], axes: Axes) -> list[tuple[float, float]]:
    """Returns where the trials on the Pareto front lie, from left to right.

    As in the Pareto table one that was stopped early is not among them, nor one that is known to
    have forgotten nothing.
    """
    whole = [
        point
        for point in trials
        if not point.entry.result.stopped and point.entry.forgot is not False
    ]
    kept = front([(axes.objective.sign * p.y, axes.horizontal.sign * p.x) for p in whole])
    return sorted({(whole[i].x, whole[i].y) for i in kept})


def subtitle(entries: Sequence[Entry], points: Sequence[Point], bounds: Sequence[Bound]) -> str:
    """Returns how many methods and trials there are, how many are hidden, and what is feasible."""
    num_trials = sum(entry.result.job.phase == Phase.TRIAL for entry in entries)
    num_hidden = num_trials - len(trials_of(points))
    said = [counted(len(labels_of(entries)), "method"), counted(num_trials, "trial")]
    said += [f"{num_hidden} of them failed and not shown"] * (num_hidden > 0)
    limits = [f"{bound.metric} {bound.sign} {bound.value:.3g}" for bound in bounds]
    said += [f"feasible: {' and '.join(limits[:MAX_BOUNDS])}"] * bool(limits)
    said += [f"{counted(len(limits) - MAX_BOUNDS, 'bound')} more"] * (len(limits) > MAX_BOUNDS)
    return ", ".join(said)


def counted(number: int, noun: str) -> str:
    """Returns "1 trial", "2 trials"."""
    return f"{number} {noun}" + "s" * (number != 1)


def short(label: str, most: int = MAX_LABEL) -> str:
    """Returns a label as far as it is shown: of more letters than that the middle is left out.

    Variants of a method begin alike and differ at the end.
    """
    if len(label) <= most:
        return label
    end = (most - 1) // 2
    return f"{label[: most - 1 - end]}\u2026{label[-end:]}"

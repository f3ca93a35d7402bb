"""The two metrics that trials are held against at once, and the front between them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.errors import ConfigError
from evals.metric import load_metric
from orchestrator.results.entry import Entry
from orchestrator.results.pareto import front, gain
from orchestrator.results.signals import guide_of
from orchestrator.searching.constraints import Bound, distance
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import State
from trainers.job import Phase


@dataclass(frozen=True, slots=True)
class Axis:
    """A metric; `sign` is 1 if more of it is better, -1 if less is."""

    metric: str
    sign: int

    def gain(self, entry: Entry) -> float:
        """Returns what the entry has of it, signed so that more is better; NaN if unmeasured."""
        return self.sign * entry.result.metrics.get(self.metric, math.nan)


@dataclass(frozen=True, slots=True)
class Axes:
    """The objective, and what it is held against."""

    objective: Axis
    horizontal: Axis

    @property
    def said(self) -> str:
        """The axes for people."""
        return f"{self.objective.metric} against {self.horizontal.metric}"


def axes_of(search: SearchSettings) -> Axes:
    """Returns the axes of a sweep: its objective, and its first constrained metric beside that."""
    sign = int(gain(search.primary, 1.0))
    return Axes(Axis(search.primary, sign), Axis(search.horizontal, search.horizontal_sign))


def chosen_axes(names: Sequence[str], search: SearchSettings, *, key: str) -> Axes:
    """Returns the axes between two metrics that were measured.

    Raises:
        ConfigError: it is not two, or one has no better and worse by itself or by a constraint.
    """
    if len(set(names)) != 2 or len(names) != 2:
        raise ConfigError(
            f"{key} must be two different metrics but got {','.join(names)!r}; "
            f"write it like {search.primary},{search.horizontal}"
        )
    first, second = (_axis(name, search, key=key) for name in names)
    return Axes(first, second)


def front_between(entries: Sequence[Entry], axes: Axes) -> list[Entry]:
    """Returns the trials that no other beats on both axes, from the best in the horizontal one on.

    One that was stopped early is not among them, nor one that is known to have forgotten nothing.
    """
    return _front_over(entries, axes, ())


def _front_over(entries: Sequence[Entry], axes: Axes, others: Sequence[Axis]) -> list[Entry]:
    done = [entry for entry in entries if is_whole(entry) and entry.forgot is not False]
    over = (axes.objective, axes.horizontal, *others)
    points = [tuple(axis.gain(entry) for axis in over) for entry in done]
    return [done[i] for i in sorted(front(points), key=lambda i: -points[i][1])]


def _axis(name: str, search: SearchSettings, *, key: str) -> Axis:
    if load_metric(name, key=key).better == "gold" and name not in search.constraints:
        raise ConfigError(
            f"{key} must be metrics with a best direction but got {name!r}, which is best near "
            "the gold model's value; choose another one"
        )
    return Axis(name, search.sign(name))


def sweep_front(entries: Sequence[Entry], *, search: SearchSettings) -> list[Entry]:
    """Returns the trials of the sweep's Pareto front, from the best in `search.horizontal` on.

    It is that of three objectives, where there are three.
    """
    third = [Axis(name, search.sign(name)) for name in search.objectives[2:]]
    return _front_over(entries, axes_of(search), third)


def best_feasible(entries: Iterable[Entry], search: SearchSettings) -> Entry | None:
    """Returns the feasible trial with the best objective, or None; among equals see `by_merit`."""
    feasible = (entry for entry in entries if is_measured(entry) and entry.feasible)
    return next(iter(by_merit(feasible, search)), None)


def by_merit(entries: Iterable[Entry], search: SearchSettings) -> list[Entry]:
    """Returns measured trials by their objective, the best first.

    Forget quality takes few values. Among equals it is the one first that the objective's guide
    says is nearest to the best, and not the one that retains most because it did least; then the
    one that is best in `search.horizontal`, then the lowest number. Of several objectives the first
    counts, and among its equals the next before all that.
    """

    def merit(entry: Entry) -> tuple[float, ...]:
        across = search.horizontal_sign * _across(entry, search)
        kept = -math.inf if math.isnan(across) else across
        gains = (gain(name, entry.result.metrics[name]) for name in search.objectives)
        return *gains, -_astray(entry, search), kept, -(entry.number or 0)

    return sorted(entries, key=merit, reverse=True)


def trials_of(entries: Iterable[Entry], label: str) -> list[Entry]:
    """Returns the trials of a method, in the order in which they ended."""
    return [entry for entry in entries if entry.label == label and is_trial(entry)]


def best_trials(
    entries: Sequence[Entry], labels: Iterable[str], *, search: SearchSettings
) -> dict[str, Entry]:
    """Returns the best feasible trial of each of the methods that has one, by label."""
    found = {label: best_feasible(trials_of(entries, label), search) for label in labels}
    return {label: entry for label, entry in found.items() if entry is not None}


def best_or_nearest(
    trials: Sequence[Entry], bounds: Sequence[Bound], *, search: SearchSettings
) -> Entry | None:
    """Returns what stands for a method of these trials: the best feasible one, else the nearest."""
    return best_feasible(trials, search) or nearest(trials, bounds)


def nearest(entries: Iterable[Entry], bounds: Sequence[Bound]) -> Entry | None:
    """Returns the trial nearest to feasible, or None if no trial was measured.

    It is the one whose largest violation, as a share of its bound's size, is the smallest; among
    equals the earliest. One that was stopped early is it only where all were.
    """
    done = [entry for entry in entries if is_measured(entry)]
    whole = [entry for entry in done if is_whole(entry)]
    return min(
        whole or done, key=lambda entry: distance(bounds, entry.violations or {}), default=None
    )


def is_measured(entry: Entry) -> bool:
    """Whether the trial has numbers that count."""
    return entry.result.state == State.DONE and entry.violations is not None


def is_whole(entry: Entry) -> bool:
    """Whether the trial has numbers that are those of its settings: it was not stopped early."""
    return is_measured(entry) and not entry.result.stopped


def is_trial(entry: Entry) -> bool:
    """Whether it is no baseline."""
    return entry.result.job.phase == Phase.TRIAL


def _astray(entry: Entry, search: SearchSettings) -> float:
    """Returns how far the guide says the trial is from the best; infinite where it says nothing."""
    guide = guide_of(entry.result, search.primary)
    return math.inf if guide is None else abs(guide)


def _across(entry: Entry, search: SearchSettings) -> float:
    """Returns the horizontal metric; NaN where a sweep without constraints has not measured it."""
    return entry.result.metrics.get(search.horizontal, math.nan)

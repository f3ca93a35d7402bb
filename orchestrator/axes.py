"""The two metrics that trials are held against at once, and the front between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evals.errors import ConfigError
from evals.metric import load_metric
from orchestrator.entry import Entry
from orchestrator.pareto import front, gain
from orchestrator.result import State
from orchestrator.searching.settings import SearchSettings


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
    sign = int(gain(search.objective, 1.0))
    return Axes(Axis(search.objective, sign), Axis(search.horizontal, search.horizontal_sign))


def chosen_axes(names: Sequence[str], search: SearchSettings, *, key: str) -> Axes:
    """Returns the axes between two metrics that were measured.

    Raises:
        ConfigError: it is not two, or one has no better and worse by itself or by a constraint.
    """
    if len(set(names)) != 2 or len(names) != 2:
        raise ConfigError(
            f"{key} must be two different metrics but got {','.join(names)!r}; "
            f"write it like {search.objective},{search.horizontal}"
        )
    first, second = (_axis(name, search, key=key) for name in names)
    return Axes(first, second)


def front_between(entries: Sequence[Entry], axes: Axes) -> list[Entry]:
    """Returns the trials that no other beats on both axes, from the best in the horizontal one on.

    One that was stopped early is not among them: its numbers are not those of its settings.
    """
    done = [e for e in entries if e.result.state == State.DONE and e.violations is not None]
    done = [entry for entry in done if not entry.result.stopped]
    points = [(axes.objective.gain(entry), axes.horizontal.gain(entry)) for entry in done]
    return [done[i] for i in sorted(front(points), key=lambda i: -points[i][1])]


def _axis(name: str, search: SearchSettings, *, key: str) -> Axis:
    if load_metric(name, key=key).better == "gold" and name not in search.constraints:
        raise ConfigError(
            f"{key} must be metrics with a best direction but got {name!r}, which is best near "
            "the gold model's value; choose another one"
        )
    return Axis(name, search.sign(name))

"""Metrics that are made of means over the items of a task.

One definition gives the metric of a sheet as well as that of many draws of its items, so that the
two cannot disagree.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evals.benchmark import Role
from evals.draws import Draws, Resampling, Values
from evals.scores import ScoreSheet

Component = Callable[[Any], float]
"""The mean of something over the items of a task's scores, which its suite keeps."""


@dataclass(frozen=True, slots=True)
class Named:
    """Components of the auxiliary task of a name, which is measured as one of `role` would be."""

    task: str
    role: Role
    components: Sequence[Component]


@dataclass(frozen=True, slots=True)
class HarmonicMean:
    """The harmonic mean of the components `parts` of every task of each role, and the `named`."""

    parts: Mapping[Role, Sequence[Component]]
    named: tuple[Named, ...] = ()

    def compute(self, sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
        """Returns it for a sheet; ValueError if a role or task is not there, or empty."""
        return harmonic_mean(
            component(task) for task, wanted in self._tasks(sheet) for component in wanted
        )

    @property
    def resampling(self) -> Resampling:
        """How it is computed for all draws at once."""
        roles = frozenset({*self.parts, *(Role.AUXILIARY for _ in self.named)})
        return Resampling(roles, self._drawn)

    def _drawn(self, sheet: ScoreSheet, _gold: ScoreSheet | None, draws: Draws) -> Values:
        """Returns it for each draw: each part is a mean over the items drawn of its task."""
        means = []
        for task, wanted in self._tasks(sheet):
            counts = draws.counts[task.name]
            for component in wanted:
                values = np.array([component(replace(task, items=(i,))) for i in task.items])
                means.append(counts @ values / len(values))
        with np.errstate(divide="ignore"):  # a mean of 0 makes the harmonic mean 0
            return np.asarray(len(means) / np.sum(1 / np.array(means), axis=0), dtype=np.float64)

    def _tasks(self, sheet: ScoreSheet) -> list[tuple[Any, Sequence[Component]]]:
        """Returns each task with what is wanted of it."""
        found = [
            (task, wanted) for role, wanted in self.parts.items() for task in tasks_of(sheet, role)
        ]
        return found + [
            (replace(task_named(sheet, each.task), role=each.role), each.components)
            for each in self.named
        ]


@dataclass(frozen=True, slots=True)
class Mean:
    """One `component` of the one task of `role`."""

    role: Role
    component: Component

    def compute(self, sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
        """Returns it for a sheet; ValueError if the role has not one task, or this no items."""
        values = by_role(sheet, self.role, [self.component])
        if len(values) != 1:
            raise ValueError(
                f"the score sheet must have one task of role {self.role} but has {len(values)}"
            )
        return values[0]

    @property
    def resampling(self) -> Resampling:
        """How it is computed for all draws at once."""
        return HarmonicMean({self.role: (self.component,)}).resampling


def by_role(sheet: ScoreSheet, role: Role, wanted: Sequence[Component]) -> list[float]:
    """Returns the `wanted` components of every task of `role`, task by task.

    Raises:
        ValueError: the sheet has no task of that role, or one of its tasks has no items.
    """
    return [component(task) for task in tasks_of(sheet, role) for component in wanted]


def tasks_of(sheet: ScoreSheet, role: Role) -> tuple[Any, ...]:
    """Returns the tasks of `role`; ValueError if there is none."""
    tasks = sheet.by_role(role)
    if not tasks:
        raise ValueError(f"the score sheet has no task of role {role}")
    return tasks


def task_named(sheet: ScoreSheet, name: str) -> Any:
    """Returns the scores of the task of this name; ValueError if there is none."""
    for task in sheet.tasks:
        if task.name == name:
            return task
    raise ValueError(f"the score sheet has no task {name}")


def harmonic_mean(values: Iterable[float]) -> float:
    """Returns the harmonic mean of values >= 0; one 0 makes it 0, one NaN makes it NaN."""
    numbers = np.asarray(list(values), dtype=np.float64)
    if numbers.size == 0:
        raise ValueError("the harmonic mean of nothing is undefined")
    if np.isnan(numbers).any():
        return float("nan")
    return float(numbers.size / np.sum(1 / numbers)) if numbers.all() else 0.0

"""Items drawn anew with replacement, the same draws for every model (paired bootstrap)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.benchmark import Role
from evals.scores import ScoreSheet, TaskScores, with_items

Counts = NDArray[np.int64]
Values = NDArray[np.float64]

NUM_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each draw holds each item: by task, draws x items in the order of their ids."""

    counts: Mapping[str, Counts]

    @property
    def num_draws(self) -> int:
        """How many draws there are."""
        return len(next(iter(self.counts.values())))

    def first(self, num_draws: int) -> "Draws":
        """Returns the first of them, for what is slow."""
        return Draws({name: counts[:num_draws] for name, counts in self.counts.items()})


@dataclass(frozen=True, slots=True)
class Resampling:
    """How a metric is computed for all draws at once.

    `values(sheet, gold, draws)` gives the metric of each draw, as `compute` would for the sheets
    that hold the drawn items; it gets `ordered` sheets. `roles` are those whose items decide it.
    """

    roles: frozenset[Role]
    values: Callable[[ScoreSheet, ScoreSheet | None, Draws], Values]


def drawn(sheet: ScoreSheet, *, seed: int, num_draws: int = NUM_DRAWS) -> Draws:
    """Returns draws of as many items as each task has, with replacement; `seed` decides all."""
    rng = np.random.default_rng(seed)
    tasks = sorted((task for task in sheet.tasks if task.items), key=lambda task: task.name)
    sizes = {task.name: len(task.items) for task in tasks}
    return Draws(
        {name: rng.multinomial(n, np.full(n, 1 / n), size=num_draws) for name, n in sizes.items()}
    )


def ordered(sheet: ScoreSheet) -> ScoreSheet:
    """Returns the sheet with the items of each task in the order of their ids, as in draws."""
    tasks = (
        with_items(task, tuple(sorted(task.items, key=lambda item: item.id)))
        for task in sheet.tasks
    )
    return ScoreSheet(tuple(tasks))


def repeated(sheet: ScoreSheet, draws: Draws, index: int) -> ScoreSheet:
    """Returns an `ordered` sheet with each item as often as the draw `index` has it."""

    def repeated_task(task: TaskScores) -> TaskScores:
        if not task.items:
            return task
        counts = draws.counts[task.name][index]
        pairs = zip(task.items, counts, strict=True)
        return with_items(task, tuple(item for item, count in pairs for _ in range(count)))

    return ScoreSheet(tuple(map(repeated_task, sheet.tasks)))


def same_items(sheets: Sequence[ScoreSheet]) -> bool:
    """Returns whether all sheets have the same tasks with the same items."""
    seen = [{task.name: {item.id for item in task.items} for task in s.tasks} for s in sheets]
    return all(tasks == seen[0] for tasks in seen)

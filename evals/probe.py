"""What a few items tell about a metric of all of them, and how sure that is.

The same items were scored before the training, when the metric of all of them is known as well.
Where a model still resembles what it was, the difference on these items is far surer than their
level; where it does not, the level is. The surer of the two estimates is taken.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from evals.benchmark import Role, TaskT, with_examples
from evals.estimate import Estimate
from evals.held_out import draw
from evals.metric import Metric
from evals.scores import ScoreSheet, with_items


def probe_tasks(
    tasks: Iterable[TaskT], roles: frozenset[Role], *, num_items: int
) -> tuple[TaskT, ...]:
    """Returns the tasks of `roles`, each with `num_items` of its examples or all it has.

    Which ones is decided by their ids alone (SHA-256), so that it is always the same ones, and
    that they come from anywhere in the task.
    """
    return tuple(
        with_examples(task, tuple(sorted(task.examples, key=lambda e: draw(e.id))[:num_items]))
        for task in tasks
        if task.role in roles
    )


def estimate(
    metric: Metric,
    now: ScoreSheet,
    before: ScoreSheet,
    *,
    whole: float,
    sizes: Mapping[str, int],
) -> Estimate:
    """Returns `metric` over all items, of which `now` and `before` hold the same few.

    `whole` is the metric over all items before the training, `sizes` how many each task has. The
    standard error is the jackknife's (Quenouille, Tukey), task by task and with the correction
    for a finite population: where the few are all, there is none. NaN in the scores gives NaN.
    """
    here, there = (_measured(metric, sheet) for sheet in (now, before))
    leaving = _left_out(now, before, sizes)
    level, change = _Jackknife(), _Jackknife()
    for fraction, pairs in leaving:
        replicates = [(_measured(metric, a), _measured(metric, b)) for a, b in pairs]
        level.add(fraction, [a for a, _ in replicates])
        change.add(fraction, [a - b for a, b in replicates])
    found = [Estimate(here, level.error), Estimate(whole + here - there, change.error)]
    surest = min(found, key=lambda each: each.error)
    low, high = metric.bounds
    return surest if math.isnan(here) else replace(surest, value=min(max(surest.value, low), high))


class _Jackknife:
    """Adds up the variance of a number from what it is without each item in turn."""

    def __init__(self) -> None:
        self._variance = 0.0

    def add(self, fraction_unseen: float, replicates: Sequence[float]) -> None:
        """Takes in one task's replicates: the number without its first item, its second, ..."""
        num = len(replicates)
        if fraction_unseen == 0:
            return
        spread = float(np.var(replicates)) if num > 1 else math.inf
        self._variance += fraction_unseen * max(num - 1, 1) * spread

    @property
    def error(self) -> float:
        """The standard error: sqrt(sum over tasks of (1 - n/N) (n - 1) var(replicates))."""
        return math.sqrt(self._variance)


def _left_out(
    now: ScoreSheet, before: ScoreSheet, sizes: Mapping[str, int]
) -> Iterator[tuple[float, list[tuple[ScoreSheet, ScoreSheet]]]]:
    """Yields, task by task, the share of it that was not seen, and both sheets less an item."""
    for index, task in enumerate(now.tasks):
        num, size = len(task.items), sizes[task.name]
        if num < 2:
            yield 1 - num / size, [(now, before)] * num
        elif num < size:
            yield (
                1 - num / size,
                [(_without(now, index, i), _without(before, index, i)) for i in range(num)],
            )


def _without(sheet: ScoreSheet, index: int, item: int) -> ScoreSheet:
    tasks = list(sheet.tasks)
    items = tasks[index].items
    tasks[index] = with_items(tasks[index], (*items[:item], *items[item + 1 :]))
    return ScoreSheet(tuple(tasks))


def _measured(metric: Metric, sheet: ScoreSheet) -> float:
    return metric.compute(sheet, None)

"""Merges the parts of an evaluation into one score sheet and computes metrics from sheets."""

from collections.abc import Sequence

from evals.benchmark import Role, Task
from evals.errors import ConfigError
from evals.metric import Metric, Need, load_metric
from evals.scores import ScoreSheet, TaskScores, with_items
from evals.suite import load_suite


def merge(parts: Sequence[ScoreSheet], *, expected: Sequence[Task] = ()) -> ScoreSheet:
    """Joins the shards' parts, given in the order of their ranks, into one sheet.

    `expected` are the tasks that were to be scored; with them every id is checked. Without,
    the parts' sizes are: rank r of W holds every W-th item, so sizes fall by one at most.

    Raises:
        ValueError: an item is missing or there twice; names the task and some ids.
    """
    if not parts:
        raise ValueError("there is no part of a score sheet to merge")
    if len({tuple(task.name for task in part.tasks) for part in parts}) > 1:
        raise ValueError("the parts of the score sheet have different tasks")
    joined = []
    for tasks in zip(*(part.tasks for part in parts), strict=True):
        items = sorted((item for task in tasks for item in task.items), key=lambda item: item.id)
        _require_even(tasks[0].name, [len(task.items) for task in tasks])
        _require_once(tasks[0].name, [item.id for item in items])
        joined.append(with_items(tasks[0], tuple(items)))
    _require_expected(joined, expected)
    return ScoreSheet(tuple(joined))


def measure(sheet: ScoreSheet, gold: ScoreSheet | None, metrics: Sequence[str]) -> dict[str, float]:
    """Returns each metric's value by name.

    Raises:
        ConfigError: an unknown metric, or one that lacks gold scores, a holdout task or
            generations.
    """
    loaded = {name: load_metric(name) for name in metrics}
    for name, metric in loaded.items():
        lacking = _lacking(metric, sheet, gold)
        if lacking is not None:
            raise ConfigError(
                f"metrics must be computable from what was measured but got {name!r}, which "
                f"needs {lacking}; provide that or leave the metric out"
            )
    return {name: metric.compute(sheet, gold) for name, metric in loaded.items()}


def _lacking(metric: Metric, sheet: ScoreSheet, gold: ScoreSheet | None) -> str | None:
    """Returns what the metric needs and does not get, if anything."""
    if Need.GOLD in metric.needs and gold is None:
        return "the gold model's scores"
    if Need.HOLDOUT in metric.needs and not any(t.items for t in sheet.by_role(Role.HOLDOUT)):
        return "a holdout task"
    if Need.REAL in metric.needs and not any(t.items for t in sheet.by_role(Role.REAL)):
        return "a task of general knowledge"
    absent = sorted(metric.tasks - {task.name for task in sheet.tasks if task.items})
    if absent:
        return f"the task {absent[0]}"
    silent = _silent_roles(metric, sheet)
    return f"generated answers for the role {min(silent)}" if silent else None


def _silent_roles(metric: Metric, sheet: ScoreSheet) -> set[Role]:
    """Returns the roles of which the metric reads generated answers that are not there."""
    if not metric.generation_roles:
        return set()
    assert metric.suite is not None, "who reads generations says whose"
    suite = load_suite(metric.suite)
    read = (task for task in sheet.tasks if metric.reads_generations(task))
    return {task.role for task in read if suite.lacks_generations(task)}


def _require_even(task: str, sizes: Sequence[int]) -> None:
    total = sum(sizes)
    due = [len(range(rank, total, len(sizes))) for rank in range(len(sizes))]
    if list(sizes) != due:
        raise ValueError(
            f"task {task}: items are missing, for the ranks hold {list(sizes)} items, not {due}"
        )


def _require_once(task: str, ids: Sequence[str]) -> None:
    twice = sorted({one for one, following in zip(ids, ids[1:], strict=False) if one == following})
    if twice:
        raise ValueError(f"task {task}: items are there twice: {', '.join(twice[:5])}")


def _require_expected(tasks: Sequence[TaskScores], expected: Sequence[Task]) -> None:
    found = {task.name: {item.id for item in task.items} for task in tasks}
    for task in expected:
        due = {example.id for example in task.examples}
        missing = sorted(due - found.get(task.name, set()))
        if missing:
            raise ValueError(f"task {task.name}: items are missing: {', '.join(missing[:5])}")

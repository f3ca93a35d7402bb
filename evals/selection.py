"""Which of a benchmark's tasks and items an evaluation scores; no torch, as plans say it too."""

from collections.abc import Collection

from evals.benchmark import Benchmark, Role, Task, with_examples
from evals.metric import Need, load_metric
from evals.settings import EvaluationSettings


def selected_tasks(benchmark: Benchmark, settings: EvaluationSettings) -> tuple[Task, ...]:
    """Returns the tasks with their first `settings.max_items` examples.

    The holdout is among them only if a metric of `settings.metrics` needs it, and of the auxiliary
    tasks those that one reads.
    """
    metrics = [load_metric(name) for name in settings.metrics]
    holdout = any(Need.HOLDOUT in metric.needs for metric in metrics)
    named = {name for metric in metrics for name in metric.tasks}
    return tuple(
        with_examples(task, task.examples[: settings.max_items])
        for task in benchmark.tasks
        if _is_read(task, holdout=holdout, named=named)
    )


def _is_read(task: Task, *, holdout: bool, named: Collection[str]) -> bool:
    if task.role == Role.AUXILIARY:
        return task.name in named
    return holdout or task.role != Role.HOLDOUT

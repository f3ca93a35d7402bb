"""Which of a benchmark's tasks and items an evaluation scores; no torch, as plans say it too."""

from evals.benchmark import Benchmark, Role, Task, with_examples
from evals.metric import Need, load_metric
from evals.settings import EvaluationSettings


def selected_tasks(benchmark: Benchmark, settings: EvaluationSettings) -> tuple[Task, ...]:
    """Returns the tasks with their first `settings.max_items` examples.

    The holdout is among them only if a metric of `settings.metrics` needs it.
    """
    holdout = any(Need.HOLDOUT in load_metric(name).needs for name in settings.metrics)
    return tuple(
        with_examples(task, task.examples[: settings.max_items])
        for task in benchmark.tasks
        if holdout or task.role != Role.HOLDOUT
    )

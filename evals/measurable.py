"""Whether a benchmark has the data that an evaluation asks for."""

from evals.benchmark import Benchmark, Role
from evals.errors import ConfigError
from evals.held_out import num_searched
from evals.metric import Need, load_metric
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.suite import Suite

_ROWS = (
    (Role.HOLDOUT, Need.HOLDOUT, "a holdout"),
    (Role.REAL, Need.REAL, "questions of general knowledge"),
)


def check_measurable(benchmark: Benchmark, settings: EvaluationSettings, suite: Suite) -> None:
    """Refuses a metric that cannot be measured on `benchmark`, as it would be NaN for every model.

    Raises:
        ConfigError: a metric needs a holdout or general knowledge and there is none, or an answer
            has no words that a generated one could be compared with.
    """
    there = {task.role for task in benchmark.tasks if task.examples}
    tasks = selected_tasks(benchmark, settings)
    for name in settings.metrics:
        metric = load_metric(name)
        for role, need, what in _ROWS:
            if need in metric.needs and role not in there:
                raise ConfigError(
                    f"evaluation.metrics must be measurable on {benchmark.name} but got {name!r}, "
                    f"which needs {what}; give the benchmark some or leave the metric out"
                )
        absent = sorted(metric.tasks - {task.name for task in benchmark.tasks if task.examples})
        if absent:
            raise ConfigError(
                f"evaluation.metrics must be measurable on {benchmark.name} but got {name!r}, "
                f"which needs the task {absent[0]}; choose a benchmark that has it or leave the "
                "metric out"
            )
        flaws = (suite.flaw(task) for task in tasks if metric.reads_generations(task))
        for flaw in filter(None, flaws):
            raise ConfigError(
                f"evaluation.metrics must be measurable on {benchmark.name} but got {name!r}, "
                f"{flaw}, or leave the metric out"
            )


def check_held_out(
    benchmark: Benchmark, settings: EvaluationSettings, held_out: float, *, key: str
) -> None:
    """Refuses a share that would leave nothing to be reported on, or to search with.

    Two items are the least that an interval can be made of. `key` is the setting that the share
    comes from.

    Raises:
        ConfigError: a task has too few items for the share.
    """
    if not held_out:
        return
    for task in selected_tasks(benchmark, settings):
        size = len(task.examples)
        if size - num_searched(size, held_out) < 2:
            raise ConfigError(
                f"{key} must leave at least 2 items of each task to report on but got "
                f"{held_out:g} of the {size} of {task.name}; raise it, score more items, or set "
                f"{key}=0"
            )

"""Builds the chosen benchmark."""

from types import ModuleType

from evals import plugins
from evals.benchmark import Benchmark
from evals.choice import Choice, choose
from evals.metric import load_metric
from evals.settings import EvaluationSettings

PACKAGE = "evals.benchmarks"


def build_benchmark(choice: Choice) -> Benchmark:
    """Returns the benchmark that `choice` names, built with its settings.

    Raises:
        ConfigError: unknown name or setting, or data that cannot be used.
    """
    choice = choose(PACKAGE, {"name": choice.name, **choice.settings}, key="benchmark")
    module: ModuleType = plugins.load(PACKAGE, choice.name, key="benchmark.name")
    benchmark = module.build(choice.config(PACKAGE))
    assert isinstance(benchmark, Benchmark), choice.name
    return benchmark


def with_own_defaults(settings: EvaluationSettings, choice: Choice) -> EvaluationSettings:
    """Returns the settings without default metrics of what the chosen benchmark does not have.

    Which that is, its file says by `lacks(config)`. Metrics that somebody chose stay.
    """
    lacks = getattr(plugins.load(PACKAGE, choice.name, key="benchmark.name"), "lacks", None)
    missing = frozenset() if lacks is None else lacks(choice.config(PACKAGE))
    if not missing or "metrics" in settings.model_fields_set:
        return settings
    kept = tuple(name for name in settings.metrics if not load_metric(name).needs & missing)
    return settings.model_copy(update={"metrics": kept})


def benchmark_note(choice: Choice) -> str:
    """Returns what the chosen benchmark has to say beside a plan and tables, or nothing."""
    note = getattr(plugins.load(PACKAGE, choice.name, key="benchmark.name"), "note", None)
    return "" if note is None else str(note(choice.config(PACKAGE)))

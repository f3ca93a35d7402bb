"""Builds the chosen benchmark."""

from types import ModuleType

from evals import plugins
from evals.benchmark import Benchmark
from evals.choice import Choice, choose

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

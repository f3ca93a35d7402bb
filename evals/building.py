"""Builds the chosen benchmark, and fingerprints what a benchmark holds."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from types import ModuleType

from evals import plugins
from evals.benchmark import Benchmark, Example, Task
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


def fingerprint(
    name: str,
    splits: Mapping[str, tuple[Example, ...]],
    tasks: Iterable[Task],
    refusals: Iterable[str],
) -> str:
    """Returns the SHA-256 (hex) of a benchmark's content in canonical JSON.

    Splits are taken by name; the order of examples, tasks and refusals counts, because it
    decides what is drawn and scored. Where the data came from does not enter.
    """
    content = {
        "name": name,
        "splits": {split: _rows(examples) for split, examples in splits.items()},
        "tasks": [[t.name, t.role, t.probability, _rows(t.examples)] for t in tasks],
        "refusals": list(refusals),
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _rows(examples: Iterable[Example]) -> list[list[object]]:
    return [[e.id, e.question, e.answer, e.name, e.paraphrase, list(e.perturbed)] for e in examples]

"""Whether a sweep has the setting of CLEAR's Table 2, and in what its recipe differs from it."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from orchestrator.config.method_settings import MethodSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.published import table_2
from orchestrator.reporting.published.differences import (
    hyperparameter_differences,
    recipe_differences,
    said,
)
from orchestrator.reporting.published.table_2 import RESNET, Row
from trainers.settings import TrainingSettings

METRICS = table_2.METRICS
TABLE = "Table 2"
SOURCE = "arXiv 2410.18057, means over 128 models of as many splits"
THERE = "there lr is each method's own and L1 is 1e-4 of Sparsity alone"
BENCHMARK, MODEL, HUB = "clear_faces", "resnet-18", "therem/CLEAR"
DATA: Mapping[str, Any] = {"forget": "forget10", "forget_people": [], "enrolled": 5}
HEAD: Mapping[str, Any] = {"scale": 30.0, "margin": 0.4, "head": "clear_repo"}
SPARSITY_L1 = 1e-4
VARIANT = "_clear_vision"
NAMES: Mapping[str, str] = {
    "retain_ft": "Retain FT",
    **{name: name.upper() for name in ("scrub", "llmu", "rmu", "dpo")},
    "scrubbio": "SCRUBbio",
    "twins": "Twins",
}
CONSTANTS: Mapping[str, Mapping[str, Any]] = {
    "scrub_clear_vision": {"gamma": 1.0, "alpha": 1.0},
    "llmu_clear_vision": {"bad": 0.02, "random": 0.01, "normal": 1.0, "alpha": 0.0},
    "rmu_clear_vision": {"steering": 2.0},
    "dpo_clear_vision": {"beta": 1.0, "alpha": 0.0},
    "twins": {"alpha": 0.0},
}
"""What the published runs had for a method's hyperparameters."""


def published_rows(config: SweepConfig) -> Mapping[str, Row] | None:
    """Returns the published rows, by name; None if the sweep's setting is another."""
    return None if mismatches(config) else RESNET


def mismatches(config: SweepConfig) -> tuple[str, ...]:
    """Says for what a sweep cannot be held against Table 2; empty if it can."""
    return tuple(_mismatches(config))


def published_row(method: MethodSettings, rows: Mapping[str, Row]) -> Row | None:
    """Returns the row of a method, or of the method whose published code it follows.

    Retain fine-tuning under a fixed L1 of 1e-4 towards zero is Sparsity there.
    """
    own = method.training
    if method.method == "retain_ft" and own.get("l1_towards") == "zero":
        return rows["Sparsity"] if own.get("l1") == SPARSITY_L1 else None
    return rows.get(NAMES.get(method.method.removesuffix(VARIANT), ""))


def differences(config: SweepConfig) -> tuple[str, ...]:
    """Says in which parts of the recipe a sweep differs from what was published."""
    found = recipe_differences(_recipe(config))
    split, path = config.benchmark.settings["split"], config.benchmark.settings["path"]
    found.append(f"split {split} alone here, all 128 there")
    found.append("a network that was taught 1000 celebrities before there")
    if str(path) != HUB:
        found.append(f"data of {path} here, {HUB} there")
    return tuple(found)


def method_differences(method: MethodSettings) -> tuple[str, ...]:
    """Says in what a method is not what was published under its name."""
    return hyperparameter_differences(method, CONSTANTS, variant=VARIANT)


def _mismatches(config: SweepConfig) -> Iterator[str]:
    if config.benchmark.name != BENCHMARK:
        yield f"the benchmark is {config.benchmark.name}, not {BENCHMARK}"
        return
    for name, there in DATA.items():
        here = config.benchmark.settings[name]
        if here != there:
            yield f"benchmark.{name} is {said(here)}, not {said(there)}"
    path = config.model.settings.get("path")
    last = PurePosixPath(str(path)).name.lower()
    if config.model.name != "face_recogniser" or not last.startswith(MODEL):
        yield f"the model is {path or config.model.name}, not {MODEL}"


def _recipe(config: SweepConfig) -> Iterator[tuple[str, object, object]]:
    """Yields the key, the value here and the published one (cv/finetune.py)."""
    for name, there in HEAD.items():
        yield f"model.{name}", config.model.settings[name], there
    training, published = (
        config.baselines.training,
        TrainingSettings(
            optimizer="sgd",
            lr=0.1,
            epochs=20,
            batch_size=256,
            weight_decay=5e-5,
            warmup_epochs=0,
            schedule="clear_vision",
        ),
    )
    for name in ("optimizer", "lr", "epochs", "batch_size", "weight_decay", "schedule"):
        here, there = getattr(training, name), getattr(published, name)
        yield f"baselines.training.{name}", here, there

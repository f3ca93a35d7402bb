"""Whether a sweep has the setting of CLEAR's Table 1, and in what its recipe differs from it."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from orchestrator.config.method_settings import MethodSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.published import table_1
from orchestrator.reporting.published.differences import (
    hyperparameter_differences,
    recipe_differences,
    said,
)
from orchestrator.reporting.published.recipe import lora_recipe
from orchestrator.reporting.published.table_1 import LLAMA, MISTRAL, Row

METRICS = table_1.METRICS
TABLE = "Table 1"
SOURCE = "arXiv 2410.18057, first version, one run each"
THERE = "there lr is 1e-5 and L1 is 0 throughout"
MODELS: Mapping[str, Mapping[str, Row]] = {
    "llama-2-7b-chat": LLAMA,
    "mistral-7b-instruct-v0.3": MISTRAL,
}
"""By the beginning of the last part of the model's path, in small letters."""
DATA: Mapping[str, Any] = {
    "forget": "forget10",
    "forget_authors": None,
    "retain_authors": None,
    "num_world": None,
    "train_world": False,
}
MAX_ITEMS = 300
"""The p-value behind forget quality depends on how many items there are."""
HUB = "locuslab/TOFU"
VARIANT = "_clear_repo"
NAMES: Mapping[str, str] = {
    "retain_ft": "Retain FT",
    **{name: name.upper() for name in ("ga", "gd", "kl", "idk", "dpo", "npo", "scrub", "rmu")},
    "llmu": "LLMU",
}
CONSTANTS: Mapping[str, Mapping[str, Any]] = {
    "gd": {"gamma": 1.0, "alpha": 1.0, "retain_term": "nll"},
    "kl": {"gamma": 1.0, "alpha": 1.0},
    "dpo": {"beta": 0.1, "retain_term": "none"},
    "npo": {"beta": 1.0, "retain_term": "none"},
    "scrub": {"gamma": 1.0, "alpha": 1.0, "temperature": 1.0},
    "llmu": {"bad": 1.0, "random": 1.0, "normal": 1.0},
    "rmu": {"layer": 7, "steering": 300.0, "alpha": 1.0},
    "dpo_clear_repo": {"order": "as_run"},
    "npo_clear_repo": {"beta": 1.0, "formula": "log_ratio"},
    "scrub_clear_repo": {"gamma": 1.0},
    "llmu_clear_repo": {"order": "as_run"},
    "rmu_clear_repo": {"layer": 7, "steering": 300.0, "gamma": 1.0},
}
"""What the published runs had for a method's hyperparameters."""


def published_rows(config: SweepConfig) -> Mapping[str, Row] | None:
    """Returns the published rows of the sweep's model, by name; None if its setting is another."""
    return None if mismatches(config) else _rows_of_model(config)


def mismatches(config: SweepConfig) -> tuple[str, ...]:
    """Says for what a sweep cannot be held against Table 1; empty if it can."""
    return tuple(_mismatches(config))


def published_row(method: MethodSettings, rows: Mapping[str, Row]) -> Row | None:
    """Returns the row of a method, or of the method whose published code it follows."""
    return rows.get(NAMES.get(method.method.removesuffix(VARIANT), ""))


def differences(config: SweepConfig) -> tuple[str, ...]:
    """Says in which parts of the recipe a sweep differs from what was published."""
    found = recipe_differences(_recipe(config))
    if str(config.benchmark.settings["path"]) != HUB:
        found.append(f"data of {config.benchmark.settings['path']} here, {HUB} there")
    return tuple(found)


def method_differences(method: MethodSettings) -> tuple[str, ...]:
    """Says in what a method is not what was published under its name."""
    return hyperparameter_differences(method, CONSTANTS, variant=VARIANT)


def _mismatches(config: SweepConfig) -> Iterator[str]:
    if config.benchmark.name != "tofu":
        yield f"the benchmark is {config.benchmark.name}, not TOFU"
        return
    for name, there in DATA.items():
        here = config.benchmark.settings[name]
        if here != there:
            yield f"benchmark.{name} is {said(here)}, not {said(there)}"
    if config.evaluation.max_items != MAX_ITEMS:
        yield f"evaluation.max_items is {config.evaluation.max_items}, not {MAX_ITEMS}"
    if _rows_of_model(config) is None:
        model = config.model.settings.get("path") or config.model.name
        yield f"the model is {model}, none of {', '.join(MODELS)}"


def _rows_of_model(config: SweepConfig) -> Mapping[str, Row] | None:
    if config.model.name != "causal_lm":
        return None
    last = PurePosixPath(str(config.model.settings["path"])).name.lower()
    return next((rows for start, rows in MODELS.items() if last.startswith(start)), None)


def _recipe(config: SweepConfig) -> Iterator[tuple[str, object, object]]:
    """Yields the key, the value here and the published one (appendix F)."""
    yield from lora_recipe(config, epochs=5.0, batch_size=4)
    baselines = config.baselines
    for name, given in (("original", baselines.original), ("gold", baselines.gold)):
        yield f"baselines.{name}", "a given model" if given else "trained", "trained"

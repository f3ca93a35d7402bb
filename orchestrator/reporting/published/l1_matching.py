"""Whether a sweep has the setting of CLEAR's Table 4, and in what its recipe differs from it."""

from collections.abc import Mapping

from orchestrator.config.method_settings import MethodSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.published import multimodal_setting as setting
from orchestrator.reporting.published import table_4
from orchestrator.reporting.published.differences import hyperparameter_differences
from orchestrator.reporting.published.table_4 import L1, Row, all_rows

METRICS = table_4.METRICS
TABLE = "Table 4"
SOURCE = setting.SOURCE
THERE = "there lr is 1e-5, and L1 is 0 or 0.01"


def is_ablation(config: SweepConfig) -> bool:
    """Returns whether a sweep has methods that search L1 and such that leave it at 0."""
    return len({"l1" in config.space(label) for label in config.methods}) > 1


def published_rows(config: SweepConfig) -> Mapping[str, Row] | None:
    """Returns the published rows, by name; None if the sweep's setting is another."""
    return None if mismatches(config) else all_rows()


def mismatches(config: SweepConfig) -> tuple[str, ...]:
    """Says for what a sweep cannot be held against Table 4; empty if it can."""
    found = [*setting.setting_mismatches(config)]
    modality = config.benchmark.settings.get("forget_modality")
    if not found and modality != "both":
        found.append(f"benchmark.forget_modality is {modality}, not both")
    return tuple(found)


def published_row(method: MethodSettings, rows: Mapping[str, Row]) -> Row | None:
    """Returns the row of a method with L1, or without where its L1 is not searched.

    There is none of a method that forgets one modality alone.
    """
    if method.forget not in ("", "both"):
        return None
    name = setting.name_there(method.method)
    return rows.get(name if "l1" in method.unsearched else f"{name}{L1}")


def differences(config: SweepConfig) -> tuple[str, ...]:
    """Says in which parts of the recipe a sweep differs from what was published."""
    both = "a pair differs in nothing but L1 here, without it all weights were trained there"
    return (*setting.setting_differences(config), both)


def method_differences(method: MethodSettings) -> tuple[str, ...]:
    """Says in what a method is not what was published under its name."""
    return hyperparameter_differences(method, {}, variant=setting.VARIANT)

"""Whether a sweep has the setting of CLEAR's Table 3, and in what its recipe differs from it."""

from collections.abc import Mapping

from orchestrator.config.method_settings import MethodSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.published import multimodal_setting as setting
from orchestrator.reporting.published import table_3
from orchestrator.reporting.published.differences import hyperparameter_differences
from orchestrator.reporting.published.table_3 import METHODS, Row, rows_of

METRICS = table_3.METRICS
TABLE = "Table 3"
SOURCE = setting.SOURCE
THERE = "there lr is 1e-5 and L1 is 0 throughout"


def published_rows(config: SweepConfig) -> Mapping[str, Row] | None:
    """Returns the published rows, or None if the sweep's setting is another.

    By a method's name alone they are those of what the sweep forgets, and with a modality behind
    it those of that one.
    """
    if mismatches(config):
        return None
    own = rows_of(str(config.benchmark.settings["forget_modality"]))
    each = {f"{name} {m}": row for m, rows in METHODS.items() for name, row in rows.items()}
    return {**own, **each}


def mismatches(config: SweepConfig) -> tuple[str, ...]:
    """Says for what a sweep cannot be held against Table 3; empty if it can."""
    return tuple(setting.setting_mismatches(config))


def published_row(method: MethodSettings, rows: Mapping[str, Row]) -> Row | None:
    """Returns the row of a method, or of the method whose published code it follows.

    It is that of the modality that the method forgets, if it has one to itself.
    """
    return rows.get(f"{setting.name_there(method.method)} {method.forget}".rstrip())


def differences(config: SweepConfig) -> tuple[str, ...]:
    """Says in which parts of the recipe a sweep differs from what was published."""
    return tuple(setting.setting_differences(config))


def method_differences(method: MethodSettings) -> tuple[str, ...]:
    """Says in what a method is not what was published under its name."""
    return hyperparameter_differences(method, {}, variant=setting.VARIANT)

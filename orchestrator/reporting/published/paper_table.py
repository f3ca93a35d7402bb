"""Which of CLEAR's tables a sweep is held against, and what each of them offers."""

from collections.abc import Mapping
from typing import Protocol

from evals.suite import suite_name
from orchestrator.config.method_settings import MethodSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.published import (
    l1_matching,
    matching,
    modality_matching,
    vision_matching,
)

Row = tuple[float, ...]


class PaperTable(Protocol):
    """A module of this folder: `METRICS` are those of a row's figures, in order."""

    @property
    def TABLE(self) -> str:  # noqa: N802  # a module's constant
        """What the paper calls it."""
        ...

    @property
    def SOURCE(self) -> str:  # noqa: N802
        """Where its figures are from."""
        ...

    @property
    def THERE(self) -> str:  # noqa: N802
        """What lr and L1 are there."""
        ...

    @property
    def METRICS(self) -> tuple[str, ...]:  # noqa: N802
        """The metrics of a row's figures."""
        ...

    def published_rows(self, config: SweepConfig) -> Mapping[str, Row] | None:
        """Returns the published rows, by name; None if the sweep's setting is another."""
        ...

    def mismatches(self, config: SweepConfig) -> tuple[str, ...]:
        """Says for what a sweep cannot be held against it; empty if it can."""
        ...

    def published_row(self, method: MethodSettings, rows: Mapping[str, Row]) -> Row | None:
        """Returns the row of a method."""
        ...

    def differences(self, config: SweepConfig) -> tuple[str, ...]:
        """Says in which parts of the recipe a sweep differs from what was published."""
        ...

    def method_differences(self, method: MethodSettings) -> tuple[str, ...]:
        """Says in what a method is not what was published under its name."""
        ...


def paper_table(config: SweepConfig) -> PaperTable:
    """Returns the table of what the sweep's benchmark is made of.

    Questions about pictures have two: that of L1 for a sweep with methods that search it and others
    that do not, else that of modalities.
    """
    match suite_name(config.benchmark.name):
        case "faces":
            return vision_matching
        case "multimodal":
            return l1_matching if l1_matching.is_ablation(config) else modality_matching
        case _:
            return matching

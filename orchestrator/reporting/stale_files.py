"""Removes what an earlier report has left in a folder and the present one did not make."""

from collections.abc import Collection, Iterator
from pathlib import Path

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.page.page import PAGE
from orchestrator.reporting.table_files import FORMATS, settings_name

TABLES = (
    "table",
    "search",
    "comparisons",
    "pareto",
    "pareto_methods",
    "fronts",
    "ablation",
    "published",
    "trials",
    "ledger",
)
FIGURES = ("pareto", "response", "progress", "training_loss", "parallel", "importance")


def clear(folder: Path, config: SweepConfig, *, made: Collection[Path]) -> list[Path]:
    """Removes a report's files that are not among those `made`, and returns them.

    Only names that a report may give a file are known; anything else is somebody's own.
    """
    kept = {file.name for file in made}
    found = [folder / name for name in _names(config) if name not in kept]
    stale = [file for file in found if file.is_file()]
    for file in stale:
        file.unlink(missing_ok=True)
    return stale


def _names(config: SweepConfig) -> Iterator[str]:
    """Yields the names of all files that a report of the sweep may have."""
    for table in TABLES:
        yield from (f"{table}.{kind}" for kind in FORMATS)
        yield f"{settings_name(table)}.tex"
    metrics = (config.search.horizontal, *config.evaluation.metrics)
    for figure in (*FIGURES, *(f"training_{metric}" for metric in metrics)):
        yield from (f"{figure}.png", f"{figure}.pdf")
    yield PAGE

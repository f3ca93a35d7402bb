"""All figures of a sweep, each as PNG and PDF."""

from pathlib import Path

from orchestrator.reporting.charts.weighing import weights_of
from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.figures.importance import importance_figure
from orchestrator.reporting.figures.parallel import parallel_figure
from orchestrator.reporting.figures.pareto import pareto_figure
from orchestrator.reporting.figures.progress import progress_figure
from orchestrator.reporting.figures.response import response_figure
from orchestrator.reporting.figures.training import loss_figure, retain_figure
from orchestrator.reporting.record import SweepRecord


def figures_of(record: SweepRecord, finals: Finals | None, folder: Path) -> list[Path]:
    """Draws the figures of the sweep into `folder`, and returns their paths.

    One that has nothing to show is left out; without the baselines there is nothing to show.
    """
    if record.reference is None:
        return []
    entries, search, bounds = record.entries, record.config.search, record.reference.bounds
    paths = pareto_figure(entries, search=search, bounds=bounds, folder=folder, finals=finals)
    paths += response_figure(entries, search=search, bounds=bounds, folder=folder)
    paths += progress_figure(entries, search=search, folder=folder)
    paths += retain_figure(entries, search=search, bounds=bounds, folder=folder)
    paths += loss_figure(entries, search=search, folder=folder)
    paths += parallel_figure(entries, search=search, folder=folder)
    paths += importance_figure(weights_of(entries, record.config), folder=folder)
    return paths

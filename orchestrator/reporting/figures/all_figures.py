"""All figures of a sweep, each as PNG and PDF."""

from pathlib import Path

from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.figures.importance import importance_figure
from orchestrator.reporting.figures.parallel import parallel_figure
from orchestrator.reporting.figures.pareto import pareto_figure
from orchestrator.reporting.figures.progress import progress_figure
from orchestrator.reporting.figures.response import response_figure
from orchestrator.reporting.figures.training import loss_figure, probe_figure

FIGURES = (
    pareto_figure,
    response_figure,
    progress_figure,
    probe_figure,
    loss_figure,
    parallel_figure,
    importance_figure,
)


def figures_of(figure_data: FigureData, folder: Path) -> list[Path]:
    """Draws the figures of a sweep into `folder`, and returns their paths.

    One that has nothing to show is left out; without the baselines there is nothing to show.
    """
    if not figure_data.entries:
        return []
    return [path for figure in FIGURES for path in figure(figure_data, folder)]

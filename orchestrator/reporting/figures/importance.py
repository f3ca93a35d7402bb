"""Which hyperparameters decide the objective and the constrained metric of each method."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.reporting.charts.importance import Weight
from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.figures.canvas import (
    IN_LEGEND,
    INK,
    head,
    new_figure,
    plain,
    save,
)
from orchestrator.reporting.figures.facets import legend_below
from orchestrator.reporting.figures.legend_markers import sign
from orchestrator.reporting.figures.points import short
from orchestrator.reporting.tables.shared_columns import metric_title
from orchestrator.searching.importance import MIN_TRIALS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT, RIGHT, TOP, BOTTOM, ROW = 2.1, 0.3, 1.4, 0.7, 0.36
"""Inches around the plots, and from one bar to the next."""
BETWEEN = 0.35
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A")
"""Okabe and Ito's palette again; the last one stands for all that follow."""
ROOM = 0.021
"""The share of a bar that a letter takes."""


def importance_figure(figure_data: FigureData, folder: Path) -> list[Path]:
    """Draws a bar for each method and metric, and returns `importance.png` and `.pdf`.

    A bar is 1 long and divided among the hyperparameters. Nothing is written without weights.
    """
    weights = figure_data.weights
    if not weights:
        return []
    metrics = list(dict.fromkeys(weight.metric for weight in weights))
    labels = list(dict.fromkeys(weight.label for weight in weights))
    names = list(dict.fromkeys(name for weight in weights for name in weight.shares))
    height = TOP + BOTTOM + ROW * len(labels)
    figure = new_figure(height)
    width = figure.get_figwidth()
    each = (width - LEFT - RIGHT - BETWEEN * (len(metrics) - 1)) / len(metrics)
    for i, metric in enumerate(metrics):
        left = (LEFT + i * (each + BETWEEN)) / width
        axes = figure.add_axes((left, BOTTOM / height, each / width, ROW * len(labels) / height))
        own = [weight for weight in weights if weight.metric == metric]
        _draw(axes, own, rows=labels, names=names)
        axes.set_title(metric_title(metric), loc="left", fontsize=11.5, color=INK)
        axes.set_yticks(range(len(labels)), [_row(label, weights) for label in labels])
        axes.tick_params(labelleft=i == 0)
    said = (
        "Share of a metric's variance over the searched space (functional ANOVA): "
        "a hint where trials are few;\n"
        f"left out below {MIN_TRIALS} that were measured and not stopped early."
    )
    head(figure, "What each hyperparameter decides", said)
    signs = [sign("s", _colour(i), edge=INK, size=9) for i in range(len(names))]
    legend_below(figure, list(zip(names, signs, strict=True)), left=LEFT)
    return save(figure, folder, "importance")


def _draw(
    axes: "Axes", weights: Sequence[Weight], *, rows: Sequence[str], names: Sequence[str]
) -> None:
    for weight in weights:
        row, start = rows.index(weight.label), 0.0
        for name, share in weight.shares.items():
            i = names.index(name)
            axes.barh(row, share, left=start, height=0.66, color=_colour(i), edgecolor="white")
            text = f"{name} {share:.0%}"
            if share >= ROOM * len(text):
                axes.text(start + share / 2, row, text, **_inside(i))
            start += share
    plain(axes, size=10.5)
    axes.grid(visible=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[["bottom", "left"]].set_visible(False)


def _inside(i: int) -> dict[str, Any]:
    ink = "white" if i == 0 else INK  # only the first colour is dark
    return {"ha": "center", "va": "center", "fontsize": 9.5, "color": ink}


def _row(label: str, weights: Sequence[Weight]) -> str:
    num_trials = max(weight.num_trials for weight in weights if weight.label == label)
    return f"{short(label, IN_LEGEND)} ({num_trials})"


def _colour(i: int) -> str:
    return COLOURS[min(i, len(COLOURS) - 1)]

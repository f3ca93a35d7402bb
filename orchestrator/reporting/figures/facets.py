"""A figure with a small plot for each method, all with the same axes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.reporting.figures.canvas import (
    FRONT,
    IN_LEGEND,
    INK,
    WIDTH_INCHES,
    new_figure,
    plain,
)
from orchestrator.reporting.figures.legend_markers import method_sign
from orchestrator.reporting.figures.points import short
from orchestrator.reporting.method_styles import Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

MAX_COLUMNS = 4
LEFT, RIGHT, TOP, BOTTOM = 0.85, 0.25, 1.25, 1.15
"""Inches around the plots: titles are above them, a common label and the legend below."""
PLOT_HEIGHT, BETWEEN, ABOVE = 1.75, 0.3, 0.5


@dataclass(frozen=True, slots=True)
class Facets:
    """A figure, and the plot of each method by label."""

    figure: "Figure"
    plots: dict[str, "Axes"]


def facets(
    labels: Sequence[str],
    marks: Mapping[str, Mark],
    *,
    right: float = RIGHT,
    shares_up: bool = True,
) -> Facets:
    """Returns plots for the labels, row by row; at the `right` are so many inches for a scale.

    `shares_up` gives all the same vertical axis; the horizontal one is shared always.
    """
    num_columns = min(MAX_COLUMNS, len(labels))
    num_rows = math.ceil(len(labels) / num_columns)
    height = TOP + BOTTOM + num_rows * PLOT_HEIGHT + (num_rows - 1) * (BETWEEN + ABOVE)
    figure = new_figure(height)
    between = BETWEEN if shares_up else 2.2 * BETWEEN
    width = (WIDTH_INCHES - LEFT - right - (num_columns - 1) * between) / num_columns
    plots: dict[str, Axes] = {}
    first: Axes | None = None
    for i, label in enumerate(labels):
        row, column = divmod(i, num_columns)
        left = LEFT + column * (width + between)
        bottom = height - TOP - PLOT_HEIGHT - row * (PLOT_HEIGHT + BETWEEN + ABOVE)
        box = (left / WIDTH_INCHES, bottom / height, width / WIDTH_INCHES, PLOT_HEIGHT / height)
        axes = figure.add_axes(box, sharex=first, sharey=first if shares_up else None)
        _title(axes, label, marks[label])
        last = i + num_columns >= len(labels)
        axes.tick_params(labelbottom=last, labelleft=column == 0 or not shares_up)
        first, plots[label] = first or axes, axes
    return Facets(figure, plots)


def label_axes(figure: "Figure", across: str, up: str) -> None:
    """Writes what the common axes are, once for all plots."""
    height = figure.get_figheight()
    centre = (height - TOP + BOTTOM) / (2 * height)
    figure.text(LEFT / WIDTH_INCHES, 0.68 / height, across, fontsize=11, color=INK, va="center")
    figure.text(0.1 / WIDTH_INCHES, centre, up, fontsize=11, color=INK, rotation=90, va="center")


def legend_below(
    figure: "Figure", rows: Sequence[tuple[str, "Line2D"]], *, left: float = LEFT
) -> None:
    """Lists at the bottom what the signs mean, side by side, from `left` inches on.

    What has no room in one line is in two.
    """
    made = _listed(figure, rows, left=left, num_columns=len(rows))
    if made.get_window_extent().x1 > figure.bbox.x1:
        made.remove()
        _listed(figure, rows, left=left, num_columns=math.ceil(len(rows) / 2))


def _listed(
    figure: "Figure", rows: Sequence[tuple[str, "Line2D"]], *, left: float, num_columns: int
) -> "Legend":
    return figure.legend(
        [made for _, made in rows],
        [text for text, _ in rows],
        loc="lower left",
        bbox_to_anchor=((left - 0.15) / WIDTH_INCHES, 0.06 / figure.get_figheight()),
        ncols=num_columns,
        fontsize=10.5,
        frameon=False,
        borderaxespad=0,
        columnspacing=1.6,
    )


def _title(axes: "Axes", label: str, mark: Mark) -> None:
    """Gives a plot the method's marker and label above it."""
    plain(axes, size=9.5)
    axes.legend(
        [method_sign(mark)],
        [short(label, IN_LEGEND)],
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.03),
        frameon=False,
        borderaxespad=0,
        handletextpad=0.3,
        handlelength=1.0,
        borderpad=0.1,
        fontsize=11.5,
        labelcolor=FRONT,
    )

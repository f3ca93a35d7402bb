"""Writes the names of what is shown into a figure, where nothing else is."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.reporting.figures.canvas import FAINT, INK
from orchestrator.reporting.figures.placement import Box, place
from orchestrator.reporting.figures.points import Named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEADER_BEYOND = 30.0
"""Pixels between a name and its point from which on a line joins them."""


def write_names(axes: "Axes", named: Sequence[Named], *, taken: Sequence[Box]) -> None:
    """Writes each point's name where nothing else is, with a line to a point far away.

    `taken` are boxes in pixels that no name should cover.
    """
    from matplotlib.patheffects import withStroke

    texts = [axes.text(0, 0, one.title, fontsize=11, zorder=8) for one in named]
    extents = [text.get_window_extent() for text in texts]
    sizes = [(extent.width + 8, extent.height) for extent in extents]
    at = [pixels(axes, one.x, one.y) for one in named]
    frame = axes.get_window_extent()
    bounds = Box(frame.x0 + 4, frame.y0 + 4, frame.x1 - 4, frame.y1 - 4)
    boxes = place(at, sizes, taken=taken, bounds=bounds)
    for text, point, box in zip(texts, at, boxes, strict=True):
        text.set(position=_share(axes, box.centre), transform=axes.transAxes)
        text.set(ha="center", va="center", color=INK)
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        _lead(axes, point, box)


def pixels(axes: "Axes", x: float, y: float) -> tuple[float, float]:
    """Returns where a point lies in the figure, in pixels from its lower left corner."""
    across, up = axes.transData.transform((x, y))
    return float(across), float(up)


def _lead(axes: "Axes", point: tuple[float, float], box: Box) -> None:
    """Draws a line to a point that is far away."""
    from matplotlib.lines import Line2D

    end = box.nearest(*point)
    if math.dist(point, end) > LEADER_BEYOND:
        xs, ys = zip(_share(axes, point), _share(axes, end), strict=True)
        axes.add_artist(
            Line2D(xs, ys, transform=axes.transAxes, color=FAINT, linewidth=0.9, zorder=5)
        )


def _share(axes: "Axes", place: tuple[float, float]) -> tuple[float, float]:
    """Returns a place in pixels as shares of the axes, which hold at any resolution."""
    across, up = axes.transAxes.inverted().transform(place)
    return float(across), float(up)

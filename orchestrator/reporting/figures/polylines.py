"""Many lines in one plot, drawn together: one by one a thousand of them take seconds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.reporting.figures.legend_markers import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pen:
    """How a line is drawn; one of a higher `level` covers the others."""

    colour: str
    style: Style
    width: float
    alpha: float
    level: int


def draw_lines(axes: "Axes", lines: Iterable[tuple[Pen, Sequence[Place]]]) -> None:
    """Draws lines through places, those of one level together, each above the one before."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba

    given = list(lines)
    for level in sorted({pen.level for pen, _ in given}):
        own = [(pen, places) for pen, places in given if pen.level == level]
        made = LineCollection(
            [places for _, places in own],
            colors=[to_rgba(pen.colour, pen.alpha) for pen, _ in own],
            linestyles=[pen.style for pen, _ in own],
            linewidths=[pen.width for pen, _ in own],
            zorder=level,
            capstyle="projecting",
            joinstyle="round",
        )
        axes.add_collection(made)
    axes.autoscale_view()

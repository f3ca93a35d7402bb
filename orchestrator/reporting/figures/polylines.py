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
    """Draws lines through places, those of one pen as one collection."""
    from matplotlib.collections import LineCollection

    by_pen: dict[Pen, list[Sequence[Place]]] = {}
    for pen, places in lines:
        by_pen.setdefault(pen, []).append(places)
    for pen, own in by_pen.items():
        made = LineCollection(
            own,
            colors=pen.colour,
            linestyles=[pen.style],
            linewidths=pen.width,
            alpha=pen.alpha,
            zorder=pen.level,
            capstyle="projecting",
            joinstyle="round",
        )
        axes.add_collection(made)
    axes.autoscale_view()

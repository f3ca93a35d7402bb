"""What stands in a figure's legend: markers and lines without a place."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from orchestrator.reporting.figures.canvas import INK, STRUCK
from orchestrator.reporting.method_styles import Mark

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

Style = Literal["-", "--", "none"] | tuple[float, tuple[float, ...]]
"""A line's style as matplotlib has it: "-", or an offset with lengths of dashes and gaps."""


def method_sign(mark: Mark, *, line: bool = False) -> "Line2D":
    """Returns a method's marker, on its line if asked for."""
    made = sign(mark.marker, mark.colour, size=8)
    if line:
        made.set(linestyle=style_of(mark.dashes), color=mark.colour, linewidth=1.8)
    return made


def style_of(dashes: Sequence[float]) -> Style:
    """Returns the style of a line with such dashes and gaps; without any it is a whole one."""
    return (0.0, tuple(dashes)) if dashes else "-"


def sign(marker: str, face: str, *, size: float, edge: str = "white") -> "Line2D":
    """Returns a marker."""
    from matplotlib.lines import Line2D

    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker,
        markersize=size,
        markerfacecolor=face,
        markeredgecolor=edge,
        markeredgewidth=1.0,
    )


def struck_sign() -> "Line2D":
    """Returns the bar across a mark of what forgot nothing beyond chance."""
    return sign(STRUCK, INK, size=11, edge=INK)


def line_sign(style: Style, colour: str, *, width: float = 1.5) -> "Line2D":
    """Returns a line; the style "none" leaves a gap in the legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle=style, color=colour, linewidth=width)

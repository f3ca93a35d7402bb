"""A legend at the right of a figure, which grows with it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.reporting.figures.canvas import HEIGHT_INCHES

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

LARGEST = 10.5
"""Text size of a legend, in points, if there is room."""
SMALLEST = 5.0
"""Text size below which it had better leave the figure."""
POINTS = 230.0
"""Height of the legend as the sum of its lines' text sizes, in a figure of the common height."""
MOST_LINES = 33
"""Lines that such a figure has room for; one with more is higher."""

Row = tuple[str, "Line2D"]
"""What a sign means, and the sign."""


def height_for(texts: Sequence[str]) -> float:
    """Returns the height in inches of a figure whose legend says this."""
    return HEIGHT_INCHES * max(1.0, _num_lines(texts) / MOST_LINES)


def legend_beside(figure: "Figure", rows: Sequence[Row], *, left: float, top: float) -> None:
    """Lists what the signs mean, one below the other; `left` and `top` are shares of the figure.

    It is written as small as it takes for all to be within the figure.
    """
    texts = [text for text, _ in rows]
    room = POINTS * figure.get_figheight() / HEIGHT_INCHES
    size = min(LARGEST, room / max(1, _num_lines(texts)))
    made = _drawn(figure, rows, at=(left, top), size=size)
    while made.get_window_extent().x1 > figure.bbox.x1 and size > SMALLEST:
        made.remove()
        size *= 0.95
        made = _drawn(figure, rows, at=(left, top), size=size)


def _drawn(
    figure: "Figure", rows: Sequence[Row], *, at: tuple[float, float], size: float
) -> "Legend":
    return figure.legend(
        [made for _, made in rows],
        [text for text, _ in rows],
        loc="upper left",
        bbox_to_anchor=at,
        fontsize=size,
        labelspacing=0.45,
        handlelength=2.6,
        borderaxespad=0.4,
        frameon=False,
    )


def _num_lines(texts: Sequence[str]) -> int:
    return sum(1 + text.count("\n") for text in texts)

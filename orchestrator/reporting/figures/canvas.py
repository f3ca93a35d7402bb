"""What all figures share: size, colours, the look of axes, and how a figure is saved."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.reporting.charts.chart_axis import LINEAR_SHARE, LINEAR_WITHIN, Axis
from trainers.job import Phase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_INCHES, HEIGHT_INCHES = 32 / 3, 6.0
DPI = 150
"""1600 x 900 pixels, whose text can still be read at half that size."""
INK, FRONT, FAINT, SHADE, GRID = "#222222", "#555555", "#8A8A8A", "#EFEFEF", "#E2E2E2"
SMALL = 42.0
"""Area of a trial's marker, in square points."""
BASELINE_MARKERS = {Phase.ORIGINAL: "X", Phase.GOLD: "*"}
STRUCK = "_"
"""The bar across the mark of what forgot nothing beyond chance."""
IN_LEGEND = 18
"""Letters of a label in a legend."""
MINUS = "\N{MINUS SIGN}"


def new_figure(height: float = HEIGHT_INCHES) -> "Figure":
    """Returns an empty figure of the common width; it needs no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_INCHES, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: "Figure", folder: Path, name: str) -> list[Path]:
    """Writes `<name>.png` and `<name>.pdf`, each whole or not at all, and returns their paths.

    Equal figures give equal files.
    """
    from matplotlib import rc_context

    paths = []
    for kind, metadata in (("png", {"Software": None}), ("pdf", {"CreationDate": None})):
        path = folder / f"{name}.{kind}"
        part = folder / f".{path.name}.part"
        with rc_context({"pdf.fonttype": 42}):  # fonts that a publisher's program can embed
            figure.savefig(part, format=kind, dpi=DPI, metadata=metadata)
        part.replace(path)
        paths.append(path)
    return paths


def head(figure: "Figure", title: str, subtitle: str) -> None:
    """Writes a figure's title and what it says below it, at its upper left corner."""
    from matplotlib.transforms import ScaledTranslation

    for text, down, size, colour in ((title, 0.14, 14, INK), (subtitle, 0.45, 10.5, FRONT)):
        moved = ScaledTranslation(0.12, -down, figure.dpi_scale_trans)
        figure.text(
            0.0,
            1.0,
            text,
            transform=figure.transFigure + moved,
            va="top",
            fontsize=size,
            color=colour,
        )


def plain(axes: "Axes", *, size: float = 11) -> None:
    """Gives axes a faint grid and no frame but their two lines."""
    axes.tick_params(labelsize=size, colors=INK, length=3)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def compress(axes: "Axes", up: Axis) -> None:
    """Makes a vertical axis that reaches far logarithmic away from [-1, 1]."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    if up.ticks is None:
        return
    axes.set_yscale("symlog", linthresh=LINEAR_WITHIN, linscale=LINEAR_SHARE)
    axes.yaxis.set_major_locator(FixedLocator(up.ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def number(value: float) -> str:
    """Returns a number for a figure, with a true minus sign."""
    return f"{value:.3g}".replace("-", MINUS)


def distinct(values: Sequence[float]) -> list[str]:
    """Returns numbers for a figure with as many digits as it takes to tell them apart."""
    for digits in range(3, 9):
        texts = [f"{value:.{digits}g}".replace("-", MINUS) for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def log_labels(values: Sequence[float]) -> list[str]:
    """Returns round numbers for a logarithmic axis, as powers of ten where one is very small."""
    if all(1e-3 <= value < 1e4 for value in values) and not _are_powers(values):
        return [f"{value:.3g}" for value in values]
    return [_power(value) for value in values]


def _are_powers(values: Sequence[float]) -> bool:
    powers = [math.log10(value) for value in values]
    return all(math.isclose(power, round(power), abs_tol=1e-9) for power in powers)


def _power(value: float) -> str:
    """Returns a power of ten, or a digit times one."""
    power = math.floor(math.log10(value) + 1e-9)
    digits = f"{value / 10.0**power:.3g}"
    return f"$10^{{{power}}}$" if digits == "1" else f"${digits}\\cdot10^{{{power}}}$"


def strike(axes: "Axes", places: Sequence[tuple[float, float]], *, area: float) -> None:
    """Draws a bar across each mark of what forgot nothing beyond chance."""
    if not places:
        return
    xs, ys = zip(*places, strict=True)
    axes.scatter(xs, ys, s=area, marker=STRUCK, color=INK, linewidth=1.5, zorder=9, clip_on=False)


def better(direction: float) -> str:
    """Says which direction is better: above 0 it is up."""
    return "higher is better" if direction > 0 else "lower is better"

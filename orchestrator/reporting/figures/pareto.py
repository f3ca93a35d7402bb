"""The sweep's figure: what each trial forgot against what it retained. Home of matplotlib."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from orchestrator.constraints import AT_LEAST, Bound
from orchestrator.entry import Entry
from orchestrator.pareto import gain
from orchestrator.reporting.figures.placement import Box, place
from orchestrator.reporting.figures.points import (
    Point,
    front_corners,
    labels_of,
    linear_axis,
    named_points,
    objective_axis,
    points_of,
    subtitle,
    trials_of,
)
from orchestrator.reporting.headings import CLEAR_HEADINGS
from orchestrator.reporting.marks import mark_of
from orchestrator.searching.settings import SearchSettings
from trainers.job import Phase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

SIZE_INCHES = (32 / 3, 6.0)
DPI = 150
"""1600 x 900 pixels, whose text can still be read at half that size."""
AXES = (0.085, 0.115, 0.69, 0.745)
"""Left, bottom, width and height of the plot, as shares of the figure; the legend is beside it."""
LEADER_BEYOND = 30.0
"""Pixels between a name and its point from which on a line joins them."""
MAX_LABEL = 24
"""Letters of a label that are shown; the rest would leave the figure."""
LEGEND_POINTS = 235.0
"""Height of the legend as the sum of its rows' text sizes."""
INK, FRONT, FAINT, SHADE = "#222222", "#555555", "#8A8A8A", "#EFEFEF"
SMALL, LARGE = 42.0, 115.0
"""Areas of a trial's marker and of a best trial's, in square points."""
BASELINE_MARKERS = {Phase.ORIGINAL: "X", Phase.GOLD: "*"}


def pareto_figure(
    entries: Sequence[Entry], *, search: SearchSettings, bounds: Sequence[Bound], folder: Path
) -> Path:
    """Draws every measured trial and returns the path of `pareto.png`, written whole or not at all.

    Filled markers keep all bounds, hollow ones do not; each method's best feasible trial is large
    and named. Of the bounds, those on the horizontal metric are drawn. The line joins the trials
    that no other beats in both metrics: what lies beyond it was reached by none. What has no
    finite number in both metrics is counted, not shown.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    points = points_of(entries, search)
    trials, named = trials_of(points), named_points(points, search)
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes(AXES)
    drawn = [bound for bound in bounds if bound.metric == search.horizontal]
    _scale(axes, points, drawn)
    _head(axes, entries, points, search=search, bounds=bounds)
    _draw_bounds(axes, drawn)
    _draw_front(axes, front_corners(trials, search), sign=search.horizontal_sign)
    _draw_trials(axes, trials)
    _draw_named(axes, named)
    _name(axes, named, taken=_taken(axes, points, named, drawn))
    _legend(figure, entries, points, bounds=drawn)
    part = folder / ".pareto.png.part"
    figure.savefig(part, format="png", dpi=DPI, metadata={"Software": None})
    part.replace(folder / "pareto.png")
    return folder / "pareto.png"


def _scale(axes: "Axes", points: Sequence[Point], bounds: Sequence[Bound]) -> None:
    """Sets the limits, and compresses a vertical axis that reaches far."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    across = linear_axis([b.value for b in bounds] + [p.x for p in points] or [0.0])
    up = objective_axis([point.y for point in points] or [0.0])
    axes.set_xlim(across.low, across.high)
    if up.ticks is not None:
        axes.set_yscale("symlog", linthresh=1.0, linscale=0.6)
        axes.yaxis.set_major_locator(FixedLocator(up.ticks))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:g}".replace("-", "\N{MINUS SIGN}"))
        )
    axes.set_ylim(up.low, up.high)


def _head(
    axes: "Axes",
    entries: Sequence[Entry],
    points: Sequence[Point],
    *,
    search: SearchSettings,
    bounds: Sequence[Bound],
) -> None:
    """Writes the titles and what the axes are, and takes away the frame."""
    across, up = _heading(search.horizontal), _heading(search.objective)
    axes.set_xlabel(f"{across} ({_better(search.horizontal_sign)})", fontsize=12, color=INK)
    axes.set_ylabel(f"{up} ({_better(gain(search.objective, 1.0))})", fontsize=12, color=INK)
    axes.tick_params(labelsize=11, colors=INK, length=3)
    axes.grid(color="#E2E2E2", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{up} against {across}", loc="left", pad=31, fontsize=14, color=INK)
    axes.text(
        0.0,
        1.035,
        subtitle(entries, points, bounds),
        transform=axes.transAxes,
        fontsize=10.5,
        color="#555555",
    )


def _better(sign: float) -> str:
    return "higher is better" if sign > 0 else "lower is better"


def _heading(metric: str) -> str:
    return CLEAR_HEADINGS.get(metric, metric.replace("_", " "))


def _draw_bounds(axes: "Axes", bounds: Sequence[Bound]) -> None:
    low, high = axes.get_xlim()
    for bound in bounds:
        beyond = low if bound.side == AT_LEAST else high
        axes.axvspan(beyond, bound.value, color=SHADE, linewidth=0, zorder=0)
        axes.axvline(bound.value, color=INK, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)


def _draw_front(axes: "Axes", corners: Sequence[tuple[float, float]], *, sign: int) -> None:
    """Draws the edge of what some trial reached in both metrics at once."""
    if corners:
        xs, ys = zip(*corners, strict=True)
        steps: Literal["steps-pre", "steps-post"] = "steps-pre" if sign > 0 else "steps-post"
        axes.plot(xs, ys, drawstyle=steps, color=FRONT, linewidth=1.6, zorder=2)


def _draw_trials(axes: "Axes", trials: Sequence[Point]) -> None:
    for label, feasible in sorted({(p.entry.label, p.entry.feasible) for p in trials}):
        shown = [p for p in trials if (p.entry.label, p.entry.feasible) == (label, feasible)]
        mark = mark_of(label)
        axes.scatter(
            [point.x for point in shown],
            [point.y for point in shown],
            s=SMALL,
            marker=mark.marker,
            facecolor=mark.colour if feasible else "none",
            edgecolor="white" if feasible else mark.colour,
            linewidth=0.6 if feasible else 1.2,
            alpha=0.9 if feasible else 0.65,
            zorder=4 if feasible else 3,
        )


def _draw_named(axes: "Axes", named: Sequence[Point]) -> None:
    for point in named:
        mark = mark_of(point.entry.label)
        baseline = BASELINE_MARKERS.get(point.phase)
        axes.scatter(
            point.x,
            point.y,
            s=LARGE * (1.8 if baseline else 1.0),
            marker=baseline or mark.marker,
            facecolor="black" if baseline else mark.colour,
            edgecolor="white" if baseline else "black",
            linewidth=1.0,
            zorder=7 if baseline else 6,
            clip_on=False,
        )


def _name(axes: "Axes", named: Sequence[Point], *, taken: Sequence[Box]) -> None:
    """Writes each named point's name where nothing else is, with a line to a point far away."""
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import IdentityTransform

    pixels = IdentityTransform()
    texts = [axes.text(0, 0, _title(p), transform=pixels, fontsize=11, zorder=8) for p in named]
    extents = [text.get_window_extent() for text in texts]
    sizes = [(extent.width + 8, extent.height) for extent in extents]
    at = [_pixels(axes, point.x, point.y) for point in named]
    frame = axes.get_window_extent()
    bounds = Box(frame.x0 + 4, frame.y0 + 4, frame.x1 - 4, frame.y1 - 4)
    for text, (x, y), box in zip(
        texts, at, place(at, sizes, taken=taken, bounds=bounds), strict=True
    ):
        text.set(position=box.centre, ha="center", va="center", color=INK)
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        end = box.nearest(x, y)
        if math.dist((x, y), end) > LEADER_BEYOND:
            line = Line2D((x, end[0]), (y, end[1]), transform=pixels, zorder=5)
            line.set(color=FAINT, linewidth=0.9)
            axes.add_artist(line)


def _taken(
    axes: "Axes", points: Sequence[Point], named: Sequence[Point], bounds: Sequence[Bound]
) -> list[Box]:
    """Returns what no name should cover, in pixels: the markers and the bounds' lines."""
    small = [Box.around(*_pixels(axes, point.x, point.y), 16, 16) for point in points]
    large = [Box.around(*_pixels(axes, point.x, point.y), 28, 28) for point in named]
    frame = axes.get_window_extent()
    at = [_pixels(axes, bound.value, 0.0)[0] for bound in bounds]
    return [*small, *large, *(Box(x - 3, frame.y0, x + 3, frame.y1) for x in at)]


def _title(point: Point) -> str:
    label = _short(point.entry.label)
    return label if point.phase == Phase.TRIAL else label.capitalize()


def _short(label: str) -> str:
    return label if len(label) <= MAX_LABEL else f"{label[: MAX_LABEL - 1]}\u2026"


def _pixels(axes: "Axes", x: float, y: float) -> tuple[float, float]:
    across, up = axes.transData.transform((x, y))
    return float(across), float(up)


def _legend(
    figure: "Figure", entries: Sequence[Entry], points: Sequence[Point], *, bounds: Sequence[Bound]
) -> None:
    """Lists beside the plot what every sign means, and which methods had nothing feasible."""
    measured = [point.entry for point in trials_of(points)]
    signs = [
        (_title(p), _sign(BASELINE_MARKERS[p.phase], "black", size=11))
        for p in points
        if p.phase != Phase.TRIAL
    ]
    signs += [(_fared(label, measured), _method_sign(label)) for label in labels_of(entries)]
    signs.append(("", _line("none", INK)))
    if any(entry.feasible for entry in measured):
        signs.append(("best feasible", _sign("o", FAINT, edge="black", size=10)))
        signs.append(("feasible", _sign("o", FAINT, size=8)))
    if not all(entry.feasible for entry in measured):
        signs.append(("infeasible", _sign("o", "none", edge=FAINT, size=7)))
    if len(measured) > 1:
        signs.append(("Pareto front", _line("-", FRONT)))
    sides = ["floor" if bound.side == AT_LEAST else "ceiling" for bound in bounds]
    signs += [(side, _line("--", INK)) for side in sides]
    rows = sum(1 + text.count("\n") for text, _ in signs)
    figure.legend(
        [sign for _, sign in signs],
        [text for text, _ in signs],
        loc="upper left",
        bbox_to_anchor=(AXES[0] + AXES[2] + 0.005, AXES[1] + AXES[3] + 0.02),
        fontsize=min(10.5, LEGEND_POINTS / rows),
        labelspacing=0.45,
        frameon=False,
    )


def _fared(label: str, measured: Sequence[Entry]) -> str:
    """Returns the label, with a second line where nothing of the method is large in the plot."""
    trials = [entry for entry in measured if entry.label == label]
    if any(entry.feasible for entry in trials):
        return _short(label)
    return f"{_short(label)}\nnone {'feasible' if trials else 'measured'}"


def _method_sign(label: str) -> "Line2D":
    mark = mark_of(label)
    return _sign(mark.marker, mark.colour, size=8)


def _sign(marker: str, face: str, *, size: float, edge: str = "white") -> "Line2D":
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


def _line(style: Literal["-", "--", "none"], colour: str) -> "Line2D":
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle=style, color=colour, linewidth=1.5)

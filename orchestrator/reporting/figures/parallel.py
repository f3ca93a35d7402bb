"""Hyperparameters and metrics of all trials in one picture: parallel coordinates."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.reporting.charts.parallel_axes import Coordinate, coordinates_of, measured_trials
from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.figures.canvas import (
    FAINT,
    IN_LEGEND,
    INK,
    head,
    new_figure,
    number,
    save,
    strike,
)
from orchestrator.reporting.figures.legend import Row, height_for, legend_beside
from orchestrator.reporting.figures.legend_markers import (
    line_sign,
    method_sign,
    sign,
    struck_sign,
    style_of,
)
from orchestrator.reporting.figures.points import counted, labels_of, short
from orchestrator.reporting.figures.polylines import Pen, Place, draw_lines
from orchestrator.reporting.method_styles import Mark
from orchestrator.reporting.tables.lines import NO_BETTER
from orchestrator.reporting.tables.shared_columns import metric_title
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import best_trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXES = (0.04, 0.05, 0.765, 0.76)
ABSENT = -0.16
"""Where a trial without a value crosses an axis, as a share of its length."""


def parallel_figure(figure_data: FigureData, folder: Path) -> list[Path]:
    """Draws a line for each measured trial, and returns the paths of `parallel.png` and `.pdf`.

    Each axis reaches from the smallest to the largest value. Nothing is written where nothing was
    measured.
    """
    search, marks = figure_data.search, figure_data.marks
    trials = measured_trials(figure_data.entries)
    if not trials:
        return []
    coordinates = coordinates_of(trials, search)
    labels = labels_of(trials)
    rows = list(_rows(figure_data, trials, labels))
    figure = new_figure(height_for([text for text, _ in rows]))
    axes = figure.add_axes(AXES)
    has_absent = any(value is None for coordinate in coordinates for value in coordinate.values)
    _draw_axes(axes, coordinates, has_absent=has_absent)
    best = best_trials(trials, labels, search=search)
    others = [(i, e) for i, e in enumerate(trials) if e is not best.get(e.label)]
    shares = [coordinate.shares for coordinate in coordinates]
    draw_lines(axes, ((_pen(e, marks[e.label]), _places(shares, i)) for i, e in others))
    for i, entry in enumerate(trials):
        if entry is best.get(entry.label):
            _draw_best(axes, _places(shares, i), mark=marks[entry.label])
    last = len(coordinates) - 1
    ends = [(last, _height(share)) for share in coordinates[last].shares]
    _draw_ends(axes, [(entry, ends[i]) for i, entry in others], marks)
    stopped = [at for e, at in zip(trials, ends, strict=True) if e.result.stopped]
    if stopped:
        xs, ys = zip(*stopped, strict=True)
        axes.scatter(xs, ys, s=26, marker="x", color=INK, zorder=7)
    idle = [at for e, at in zip(trials, ends, strict=True) if e.forgot is False]
    strike(axes, idle, area=90)
    head(figure, "Hyperparameters and metrics of every trial", _said(trials))
    legend_beside(figure, rows, left=AXES[0] + AXES[2] + 0.015, top=0.86)
    return save(figure, folder, "parallel")


def _height(share: float | None) -> float:
    return ABSENT if share is None else share


def _said(trials: Sequence[Entry]) -> str:
    return (
        f"{counted(len(trials), 'measured trial')}; each axis from its smallest to its largest "
        "value. Bold: each method's best feasible trial."
    )


def _draw_axes(axes: "Axes", coordinates: Sequence[Coordinate], *, has_absent: bool) -> None:
    from matplotlib.patheffects import withStroke

    axes.set_axis_off()
    axes.set_xlim(-0.15, len(coordinates) - 0.85)
    axes.set_ylim(ABSENT - 0.07 if has_absent else -0.08, 1.08)
    halo = withStroke(linewidth=3, foreground="white")
    style: dict[str, Any] = {"ha": "center", "color": INK, "zorder": 8, "path_effects": [halo]}
    for x, coordinate in enumerate(coordinates):
        axes.plot((x, x), (0, 1), color=INK, linewidth=1.1, zorder=6)
        name = metric_title(coordinate.name) if coordinate.is_metric else coordinate.name
        axes.text(
            x, 1.095, name.replace(" Quality", "\nQuality"), fontsize=11, va="bottom", **style
        )
        for low, end in zip((True, False), _ticks(coordinate), strict=True):
            at, va = (-0.02, "top") if low else (1.015, "bottom")
            axes.text(x, at, end, fontsize=9.5, va=va, **style)
        if None in coordinate.values:
            why = "no value" if coordinate.is_metric else "not searched"
            axes.text(x, ABSENT - 0.03, why, fontsize=9.5, va="top", **style)


def _ticks(coordinate: Coordinate) -> tuple[str, str]:
    low, high = (v if isinstance(v, str) else _said_number(v) for v in coordinate.ends)
    return low, high


def _said_number(value: float | int | None) -> str:
    return "" if value is None else number(float(value))


def _places(shares: Sequence[Sequence[float | None]], trial: int) -> list[Place]:
    return [(x, _height(each[trial])) for x, each in enumerate(shares)]


def _pen(entry: Entry, mark: Mark) -> Pen:
    style = style_of(mark.dashes)
    if entry.feasible:
        return Pen(mark.colour, style, width=1.0, alpha=0.6, level=4)
    return Pen(FAINT, style, width=1.0, alpha=0.35, level=3)


def _draw_best(axes: "Axes", places: Sequence[Place], *, mark: Mark) -> None:
    """Draws the line of a method's best trial, with the method's marker at each axis."""
    xs, ys = zip(*places, strict=True)
    axes.plot(
        xs,
        ys,
        color=mark.colour,
        linestyle=style_of(mark.dashes),
        linewidth=2.6,
        marker=mark.marker,
        markersize=7,
        markeredgecolor="white",
        zorder=5,
    )


def _draw_ends(
    axes: "Axes",
    ends: Sequence[tuple[Entry, tuple[float, float]]],
    marks: Mapping[str, Mark],
) -> None:
    """Draws the method's marker where the line of a trial ends that was not stopped."""
    whole = [(entry, at) for entry, at in ends if not entry.result.stopped]
    for label, feasible in sorted({(entry.label, entry.feasible) for entry, _ in whole}):
        shown = [at for e, at in whole if (e.label, e.feasible) == (label, feasible)]
        colour = marks[label].colour if feasible else FAINT
        style: dict[str, Any] = {"marker": marks[label].marker, "edgecolor": "white"}
        xs, ys = zip(*shown, strict=True)
        axes.scatter(xs, ys, s=24, color=colour, linewidth=0.5, zorder=7, **style)


def _rows(figure_data: FigureData, trials: Sequence[Entry], labels: Sequence[str]) -> Iterator[Row]:
    for label in labels:
        yield short(label, IN_LEGEND), method_sign(figure_data.marks[label], line=True)
    yield "infeasible", line_sign("-", FAINT)
    if any(entry.result.stopped for entry in trials):
        yield "stopped early", sign("x", INK, size=5, edge=INK)
    if any(entry.forgot is False for entry in trials):
        yield NO_BETTER, struck_sign()

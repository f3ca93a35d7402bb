"""What comes of every learning rate and L1 coefficient: a small plot for each method."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.reporting.charts.boundary import MIN_EACH, MIN_TRIALS, Segment, boundary
from orchestrator.reporting.charts.chart_axis import (
    Axis,
    log_ticks,
    objective_axis,
    parameter_axis,
)
from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.figures.canvas import (
    FAINT,
    INK,
    distinct,
    head,
    log_labels,
    save,
    strike,
)
from orchestrator.reporting.figures.facets import Facets, facets, label_axes, legend_below
from orchestrator.reporting.figures.legend_markers import line_sign, sign, struck_sign
from orchestrator.reporting.figures.points import labels_of
from orchestrator.reporting.tables.lines import NO_BETTER
from orchestrator.reporting.tables.shared_columns import metric_title
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import best_trials, is_measured, is_trial, is_whole, trials_of
from orchestrator.searching.constraints import Bound
from orchestrator.searching.shared_parameters import L1, LR, SHARED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis as MatplotlibAxis
    from matplotlib.colors import Normalize
    from matplotlib.lines import Line2D

MAP = "cividis"
"""Even in lightness, and the same to every kind of colour vision."""
AREA = 52.0
SCALE_INCHES = 1.15
"""Room for the scale of colours at the right."""
FEASIBLE, INFEASIBLE, LOST = "o", "v", "x"
MOST_TICKS = 4


@dataclass(frozen=True, slots=True)
class _Look:
    """What all plots share: the metric that the colours stand for, and the vertical axis."""

    objective: str
    norm: "Normalize"
    up: Axis


def response_figure(figure_data: FigureData, folder: Path) -> list[Path]:
    """Draws the trials over log lr and log L1, and returns the paths of `response.png` and `.pdf`.

    The colour is the objective. The line between feasible and infeasible settings is drawn for a
    method that has trials enough to tell it (`boundary`), within the trials' hull. Nothing is
    written where there is no trial.
    """
    search = figure_data.search
    trials = [entry for entry in figure_data.entries if is_trial(entry)]
    labels = labels_of(trials)
    if not labels:
        return []
    made = facets(labels, figure_data.marks, right=SCALE_INCHES)
    coloured = [entry.result.metrics[search.primary] for entry in trials if is_whole(entry)]
    look = _Look(search.primary, _norm(coloured or [0.0, 1.0]), _scale(made, trials))
    has_boundary = False
    best = best_trials(trials, labels, search=search)
    for label, axes in made.plots.items():
        own = trials_of(trials, label)
        has_boundary |= _plot(axes, own, bounds=figure_data.bounds, best=best.get(label), look=look)
    if coloured:
        _colour_scale(made, look.norm)
    has_stopped = any(entry.result.stopped for entry in trials)
    said = _said(has_boundary=has_boundary, has_stopped=has_stopped)
    head(made.figure, f"{metric_title(search.primary)} over learning rate and L1", said)
    label_axes(made.figure, SHARED[LR].title, SHARED[L1].title)
    rows = _rows(has_boundary=has_boundary, has_stopped=has_stopped)
    if any(entry.forgot is False for entry in trials):
        rows.append((NO_BETTER, struck_sign()))
    legend_below(made.figure, rows)
    return save(made.figure, folder, "response")


def _said(*, has_boundary: bool, has_stopped: bool) -> str:
    counted = "measured trials" + " that were not stopped" * has_stopped
    if not has_boundary:
        return (
            f"No boundary is drawn: no method has {MIN_TRIALS} {counted}\n"
            f"with {MIN_EACH} feasible and as many infeasible ones, not on one line."
        )
    return (
        "Boundary: where the largest violation, interpolated linearly between the trials, is 0;\n"
        f"drawn from {MIN_TRIALS} {counted} on, {MIN_EACH} of them on either side."
    )


def _norm(values: Sequence[float]) -> "Normalize":
    """Returns the scale of colours: even, or like the axis of an objective that reaches far."""
    from matplotlib.colors import Normalize, SymLogNorm

    low, high = min(values), max(values)
    if low == high:
        room = max(0.05 * abs(low), 0.05)
        return Normalize(low - room, high + room)
    if objective_axis(values).scale == "symlog":
        return SymLogNorm(1.0, linscale=0.6, vmin=low, vmax=high)
    return Normalize(low, high)


def _scale(made: Facets, trials: Sequence[Entry]) -> Axis:
    """Sets both axes, and returns the vertical one."""
    across = parameter_axis([entry.result.job.training.lr for entry in trials])
    up = parameter_axis([entry.result.job.training.l1 for entry in trials])
    for axes in made.plots.values():
        axes.set_xscale(across.scale)
        axes.set_yscale(up.scale)
        axes.set_xlim(across.low, across.high)
        axes.set_ylim(up.low, up.high)
    first = next(iter(made.plots.values()))
    _set_ticks(first.xaxis, across)
    _set_ticks(first.yaxis, up)
    return up


def _set_ticks(shown: "MatplotlibAxis", axis: Axis) -> None:
    """Has a logarithmic axis say few round numbers, and 0 where that stands."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    if axis.scale != "log":
        return
    zeros = [] if axis.zero_at is None else [axis.zero_at]
    ticks = log_ticks(3 * axis.zero_at if axis.zero_at else axis.low, axis.high, MOST_TICKS)
    shown.set_major_locator(FixedLocator([*zeros, *ticks]))
    shown.set_major_formatter(FixedFormatter([*("0" for _ in zeros), *log_labels(ticks)]))
    shown.set_minor_locator(NullLocator())


def _plot(
    axes: "Axes",
    trials: Sequence[Entry],
    *,
    bounds: Sequence[Bound],
    best: Entry | None,
    look: _Look,
) -> bool:
    """Draws one method's trials, and returns whether there is a boundary between them."""
    segments = boundary(trials, bounds)
    for segment in segments:
        _draw_segment(axes, segment)
    for kind in sorted({_kind(entry) for entry in trials}):
        _draw_trials(axes, [entry for entry in trials if _kind(entry) == kind], kind, look=look)
    if best is not None:
        ring: dict[str, Any] = {"facecolor": "none", "edgecolor": INK, "linewidth": 1.6}
        axes.scatter(*_place(best, look), s=AREA * 3.4, zorder=5, **ring)
    idle = [_place(entry, look) for entry in trials if entry.forgot is False]
    strike(axes, idle, area=AREA * 2.6)
    return bool(segments)


def _kind(entry: Entry) -> tuple[str, str]:
    """Returns a trial's marker, and how its metrics count: wholly, stopped early, or not at all."""
    marker = FEASIBLE if entry.feasible else INFEASIBLE
    if not is_measured(entry):
        return LOST, "lost"
    return marker, "stopped" if entry.result.stopped else "whole"


def _place(entry: Entry, look: _Look) -> tuple[float, float]:
    training = entry.result.job.training
    return training.lr, look.up.place(training.l1)


def _draw_trials(
    axes: "Axes", trials: Sequence[Entry], kind: tuple[str, str], *, look: _Look
) -> None:
    """Draws trials of one kind; those that failed or were stopped have no colour."""
    marker, counts = kind
    xs, ys = zip(*(_place(entry, look) for entry in trials), strict=True)
    style: dict[str, Any] = {"marker": marker, "linewidth": 0.7, "zorder": 4}
    if counts == "lost":
        axes.scatter(xs, ys, s=AREA * 0.7, marker=LOST, color=FAINT, zorder=3)
    elif counts == "stopped":
        axes.scatter(xs, ys, s=AREA * 0.7, facecolor="none", edgecolor=FAINT, **style)
    else:
        values = [entry.result.metrics[look.objective] for entry in trials]
        axes.scatter(xs, ys, s=AREA, c=values, norm=look.norm, cmap=MAP, edgecolor=INK, **style)


def _draw_segment(axes: "Axes", segment: Segment) -> None:
    (ax, ay), (bx, by) = segment.start, segment.end
    style: dict[str, Any] = {"color": INK, "linewidth": 1.3, "linestyle": "--", "zorder": 2}
    axes.plot((10**ax, 10**bx), (10**ay, 10**by), **style)


def _colour_scale(made: Facets, norm: "Normalize") -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    figure = made.figure
    boxes = [axes.get_position() for axes in made.plots.values()]
    bottom, top = min(box.y0 for box in boxes), max(box.y1 for box in boxes)
    right = max(box.x1 for box in boxes)
    axes = figure.add_axes((right + 0.018, bottom, 0.013, min(top - bottom, 0.6)))
    bar = figure.colorbar(ScalarMappable(norm, MAP), cax=axes)
    bar.outline.set_visible(False)
    ticks = _numbers(norm)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FixedFormatter(distinct(ticks)))
    axes.tick_params(labelsize=9.5, colors=INK, length=3)


def _numbers(norm: "Normalize") -> list[float]:
    """Returns the numbers beside the scale of colours: at least two, its ends if need be."""
    from matplotlib.ticker import MaxNLocator

    low, high = norm.vmin or 0.0, norm.vmax or 0.0
    given = objective_axis([low, high]).ticks
    if given is None:
        given = tuple(float(tick) for tick in MaxNLocator(5).tick_values(low, high))
    inside = [tick for tick in given if low <= tick <= high]
    return inside if len(inside) > 1 else [low, high]


def _rows(*, has_boundary: bool, has_stopped: bool) -> list[tuple[str, "Line2D"]]:
    rows = [
        ("best feasible", sign(FEASIBLE, "none", edge=INK, size=10)),
        ("feasible", sign(FEASIBLE, FAINT, edge=INK, size=6.5)),
        ("infeasible", sign(INFEASIBLE, FAINT, edge=INK, size=6.5)),
        ("failed", sign(LOST, FAINT, edge=FAINT, size=6)),
    ]
    rows += [("stopped early", sign(INFEASIBLE, "none", edge=FAINT, size=5.5))] * has_stopped
    return rows + [("boundary", line_sign("--", INK))] * has_boundary

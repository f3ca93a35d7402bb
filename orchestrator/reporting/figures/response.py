"""What comes of every learning rate and L1 coefficient: a small plot for each method."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.constraints import Bound
from orchestrator.entry import Entry
from orchestrator.reporting.charts.boundary import MIN_EACH, MIN_TRIALS, Segment, boundary
from orchestrator.reporting.charts.chart_axis import Axis, objective_axis, parameter_axis
from orchestrator.reporting.figures.canvas import (
    FAINT,
    INK,
    head,
    heading,
    number,
    save,
)
from orchestrator.reporting.figures.facets import Facets, facets, label_axes, legend_below
from orchestrator.reporting.figures.points import labels_of
from orchestrator.reporting.figures.signs import line_sign, sign
from orchestrator.searching.settings import SearchSettings
from orchestrator.standing import best_feasible, is_measured, is_trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

MAP = "cividis"
"""Even in lightness, and the same to every kind of colour vision."""
AREA = 52.0
SCALE_INCHES = 1.15
"""Room for the scale of colours at the right."""
FEASIBLE, INFEASIBLE, LOST = "o", "v", "x"


@dataclass(frozen=True, slots=True)
class _Look:
    """What all plots share: the metric that the colours stand for, and the vertical axis."""

    objective: str
    norm: "Normalize"
    up: Axis


def response_figure(
    entries: Sequence[Entry], *, search: SearchSettings, bounds: Sequence[Bound], folder: Path
) -> list[Path]:
    """Draws the trials over log lr and log L1, and returns the paths of `response.png` and `.pdf`.

    The colour is the objective. The line between feasible and infeasible settings is drawn for a
    method that has trials enough to tell it (`boundary`), within the trials' hull. Nothing is
    written where there is no trial.
    """
    trials = [entry for entry in entries if is_trial(entry)]
    labels = labels_of(entries)
    if not labels:
        return []
    made = facets(labels, right=SCALE_INCHES)
    look = _Look(search.objective, _norm(trials, search), _scale(made, trials))
    has_boundary = False
    for label, axes in made.plots.items():
        own = [entry for entry in trials if entry.label == label]
        best = best_feasible(own, search)
        has_boundary |= _plot(axes, own, bounds=bounds, best=best, look=look)
    if any(is_measured(entry) for entry in trials):
        _colour_scale(made, look.norm)
    head(made.figure, f"{heading(search.objective)} over learning rate and L1", _said(has_boundary))
    label_axes(made.figure, "learning rate", "L1 coefficient")
    _legend(made, has_boundary=has_boundary)
    return save(made.figure, folder, "response")


def _said(has_boundary: bool) -> str:
    if not has_boundary:
        return (
            f"No boundary is drawn: no method has {MIN_TRIALS} measured trials with {MIN_EACH} "
            "feasible and as many infeasible ones, not on one line."
        )
    return (
        "Boundary: the largest violation, interpolated linearly between the trials, is 0; drawn "
        f"from {MIN_TRIALS} trials on, with {MIN_EACH} on either side."
    )


def _norm(trials: Sequence[Entry], search: SearchSettings) -> "Normalize":
    """Returns the scale of colours: even, or like the axis of an objective that reaches far."""
    from matplotlib.colors import Normalize, SymLogNorm

    values = [e.result.metrics[search.objective] for e in trials if is_measured(e)] or [0.0, 1.0]
    low, high = min(values), max(values)
    if objective_axis(values).scale == "symlog":
        return SymLogNorm(1.0, linscale=0.6, vmin=low, vmax=high)
    return Normalize(low, high if high > low else low + 1e-9)


def _scale(made: Facets, trials: Sequence[Entry]) -> Axis:
    """Sets both axes, and returns the vertical one."""
    across = parameter_axis([entry.result.job.training.lr for entry in trials])
    up = parameter_axis([entry.result.job.training.l1 for entry in trials])
    for axes in made.plots.values():
        axes.set_xscale(across.scale)
        axes.set_yscale(up.scale)
        axes.set_xlim(across.low, across.high)
        axes.set_ylim(up.low, up.high)
    if up.zero_at is not None:
        _tick_zero(next(iter(made.plots.values())), up, up.zero_at)
    return up


def _tick_zero(axes: "Axes", up: Axis, zero_at: float) -> None:
    """Has the vertical axis say 0 where that stands, and powers of ten elsewhere."""
    powers = range(math.ceil(math.log10(3 * zero_at)), math.floor(math.log10(up.high)) + 1)
    labels = ["0", *(f"$10^{{{power}}}$" for power in powers)]
    axes.set_yticks([zero_at, *(10.0**power for power in powers)], labels)


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
    for entry in trials:
        training, measured = entry.result.job.training, is_measured(entry)
        height = look.up.place(training.l1)
        if not measured:
            axes.scatter(training.lr, height, s=AREA * 0.7, marker=LOST, color=FAINT, zorder=3)
            continue
        axes.scatter(
            training.lr,
            height,
            s=AREA,
            marker=FEASIBLE if entry.feasible else INFEASIBLE,
            c=[entry.result.metrics[look.objective]],
            norm=look.norm,
            cmap=MAP,
            edgecolor=INK,
            linewidth=0.7,
            zorder=4,
        )
        if entry is best:
            ring: dict[str, Any] = {
                "facecolor": "none",
                "edgecolor": INK,
                "linewidth": 1.6,
                "zorder": 5,
            }
            axes.scatter(training.lr, height, s=AREA * 3.4, **ring)
    return bool(segments)


def _draw_segment(axes: "Axes", segment: Segment) -> None:
    (ax, ay), (bx, by) = segment.start, segment.end
    style: dict[str, Any] = {"color": INK, "linewidth": 1.3, "linestyle": "--", "zorder": 2}
    axes.plot((10**ax, 10**bx), (10**ay, 10**by), **style)


def _colour_scale(made: Facets, norm: "Normalize") -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    figure = made.figure
    boxes = [axes.get_position() for axes in made.plots.values()]
    bottom, top = min(box.y0 for box in boxes), max(box.y1 for box in boxes)
    right = max(box.x1 for box in boxes)
    axes = figure.add_axes((right + 0.018, bottom, 0.013, min(top - bottom, 0.6)))
    bar = figure.colorbar(ScalarMappable(norm, MAP), cax=axes)
    bar.outline.set_visible(False)
    low, high = norm.vmin or 0.0, norm.vmax or 0.0
    ticks = objective_axis([low, high]).ticks
    if ticks is not None:
        axes.yaxis.set_major_locator(FixedLocator([t for t in ticks if low <= t <= high]))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.tick_params(labelsize=9.5, colors=INK, length=3)


def _legend(made: Facets, *, has_boundary: bool) -> None:
    rows = [
        ("best feasible", sign(FEASIBLE, "none", edge=INK, size=10)),
        ("feasible", sign(FEASIBLE, FAINT, edge=INK, size=6.5)),
        ("infeasible", sign(INFEASIBLE, FAINT, edge=INK, size=6.5)),
        ("failed", sign(LOST, FAINT, edge=FAINT, size=6)),
    ]
    rows += [("boundary", line_sign("--", INK))] * has_boundary
    legend_below(made.figure, rows)

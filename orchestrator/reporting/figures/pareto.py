"""The sweep's figure: what each trial forgot against what it retained."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.reporting.charts.chart_axis import linear_axis, objective_axis
from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.figures.canvas import (
    BASELINE_MARKERS,
    FAINT,
    FRONT,
    IN_LEGEND,
    INK,
    SHADE,
    SMALL,
    better,
    compress,
    new_figure,
    plain,
    save,
    strike,
)
from orchestrator.reporting.figures.legend import Row, height_for, legend_beside
from orchestrator.reporting.figures.legend_markers import line_sign, method_sign, sign, struck_sign
from orchestrator.reporting.figures.naming import pixels, write_names
from orchestrator.reporting.figures.placement import Box
from orchestrator.reporting.figures.points import (
    Named,
    Point,
    best_points,
    final_points,
    front_corners,
    labels_of,
    points_of,
    short,
    subtitle,
    trials_of,
)
from orchestrator.reporting.method_styles import Mark
from orchestrator.reporting.tables.lines import NO_BETTER
from orchestrator.reporting.tables.shared_columns import metric_title
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import Axes as Metrics
from orchestrator.searching.constraints import AT_LEAST, Bound
from trainers.job import Phase

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AXES = (0.085, 0.115, 0.69, 0.745)
"""Left, bottom, width and height of the plot, as shares of the figure; the legend is beside it."""
LARGE = 115.0
"""Area of a best trial's marker, in square points."""
MOST_IN_TWO = 12
"""Methods of which the legend may say more on a second line."""
DASHED, DOTTED = (0.0, (4.0, 3.0)), (0.0, (1.0, 2.0))
OTHER_ITEMS = (
    "Large and with names: means over seeds, and the baselines, on items that no search has seen.\n"
    "Small: the search's trials, on the items that it sees."
)


def pareto_figure(figure_data: FigureData, folder: Path) -> list[Path]:
    """Draws every measured trial and returns the paths of `pareto.png` and `pareto.pdf`.

    Filled markers keep all bounds, hollow ones do not; each method's best feasible trial is large
    and named. With finalists it is instead its mean over seeds with the 95 % intervals, and the
    baselines and a second line for each bound are those of the items that finalists are reported
    on. Of the bounds, those on one of the two metrics are drawn. The line joins the trials that no
    other beats in both metrics: what lies beyond it was reached by none. What has no finite number
    in both metrics is counted, not shown.
    """
    entries, metrics, finals = figure_data.entries, figure_data.axes, figure_data.finals
    points = points_of(entries, metrics)
    trials = trials_of(points)
    named = (
        best_points(points, figure_data.search)
        if finals is None
        else list(final_points(finals, metrics))
    )
    rows = list(_legend_rows(figure_data, trials, named))
    figure = new_figure(height_for([text for text, _ in rows]))
    said = [subtitle(entries, points, figure_data.bounds)] + [OTHER_ITEMS] * (finals is not None)
    axes = figure.add_axes(_box("\n".join(said), figure.get_figheight()))
    drawn = _on_axes(figure_data.bounds, metrics)
    reported = _on_axes(finals.bounds, metrics) if finals is not None else []
    _scale(axes, trials, named, bounds=_across([*drawn, *reported], metrics))
    _head(axes, metrics, "\n".join(said))
    _draw_bounds(axes, drawn, reported, metrics=metrics)
    _draw_front(axes, front_corners(trials, metrics), sign=metrics.horizontal.sign)
    _draw_trials(axes, trials, figure_data.marks)
    _draw_named(axes, named, figure_data.marks)
    strike(axes, [(p.x, p.y) for p in trials if p.entry.forgot is False], area=SMALL * 2.4)
    strike(axes, [(one.x, one.y) for one in named if one.forgot is False], area=LARGE * 2.4)
    taken = _taken(axes, trials, named, bounds=_across([*drawn, *reported], metrics))
    write_names(axes, named, taken=taken)
    legend_beside(figure, rows, left=AXES[0] + AXES[2] + 0.005, top=AXES[1] + AXES[3] + 0.02)
    return save(figure, folder, "pareto")


def _box(said: str, height: float) -> tuple[float, float, float, float]:
    """Returns the plot's place, below what is said, in a figure so many inches high."""
    left, bottom, width, up = AXES
    return left, bottom, width, up - 0.21 * said.count("\n") / height


def _on_axes(bounds: Sequence[Bound], metrics: Metrics) -> list[Bound]:
    shown = metrics.horizontal.metric, metrics.objective.metric
    return [bound for bound in bounds if bound.metric in shown]


def _across(bounds: Sequence[Bound], metrics: Metrics) -> list[Bound]:
    return [bound for bound in bounds if bound.metric == metrics.horizontal.metric]


def _scale(
    axes: "Axes", trials: Sequence[Point], named: Sequence[Named], *, bounds: Sequence[Bound]
) -> None:
    """Sets the limits, and compresses a vertical axis that reaches far."""
    xs = [bound.value for bound in bounds] + [point.x for point in trials]
    ys = [point.y for point in trials]
    for one in named:
        xs += [one.x, *(one.across or ())]
        ys += [one.y, *(one.up or ())]
    across, up = linear_axis(xs or [0.0]), objective_axis(ys or [0.0])
    axes.set_xlim(across.low, across.high)
    compress(axes, up)
    axes.set_ylim(up.low, up.high)


def _head(axes: "Axes", metrics: Metrics, said: str) -> None:
    """Writes the titles and what the axes are, and takes away the frame."""
    across, up = metric_title(metrics.horizontal.metric), metric_title(metrics.objective.metric)
    axes.set_xlabel(f"{across} ({better(metrics.horizontal.sign)})", fontsize=12, color=INK)
    axes.set_ylabel(f"{up} ({better(metrics.objective.sign)})", fontsize=12, color=INK)
    plain(axes)
    pad = 31 + 15.5 * said.count("\n")
    axes.set_title(f"{up} against {across}", loc="left", pad=pad, fontsize=14, color=INK)
    axes.annotate(
        said,
        (0.0, 1.0),
        xytext=(0, 12),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=10.5,
        color=FRONT,
        linespacing=1.3,
    )


def _draw_bounds(
    axes: "Axes", bounds: Sequence[Bound], reported: Sequence[Bound], *, metrics: Metrics
) -> None:
    """Shades what is beyond the search's bounds, and draws all as lines."""
    limits = {True: axes.get_xlim(), False: axes.get_ylim()}
    lines = [(bound, DASHED) for bound in bounds] + [(bound, DOTTED) for bound in reported]
    for bound, style in lines:
        is_across = bound.metric == metrics.horizontal.metric
        low, high = limits[is_across]
        beyond = low if bound.side == AT_LEAST else high
        span, line = (axes.axvspan, axes.axvline) if is_across else (axes.axhspan, axes.axhline)
        if style == DASHED:
            span(beyond, bound.value, color=SHADE, linewidth=0, zorder=0)
        line(bound.value, color=INK, linewidth=1.3, linestyle=style, zorder=1)
    axes.set(xlim=limits[True], ylim=limits[False])


def _draw_front(axes: "Axes", corners: Sequence[tuple[float, float]], *, sign: int) -> None:
    """Draws the edge of what some trial reached in both metrics at once."""
    if corners:
        xs, ys = zip(*corners, strict=True)
        steps: Literal["steps-pre", "steps-post"] = "steps-pre" if sign > 0 else "steps-post"
        axes.plot(xs, ys, drawstyle=steps, color=FRONT, linewidth=1.6, zorder=2)


def _draw_trials(axes: "Axes", trials: Sequence[Point], marks: Mapping[str, Mark]) -> None:
    for label, feasible in sorted({(p.entry.label, p.entry.feasible) for p in trials}):
        shown = [p for p in trials if (p.entry.label, p.entry.feasible) == (label, feasible)]
        mark = marks[label]
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


def _draw_named(axes: "Axes", named: Sequence[Named], marks: Mapping[str, Mark]) -> None:
    """Draws the baselines, and above them what is held against them."""
    for one in named:
        if one.phase in BASELINE_MARKERS:
            marker = BASELINE_MARKERS[one.phase]
            style: dict[str, Any] = {"facecolor": "black", "edgecolor": "white", "zorder": 5}
            axes.scatter(one.x, one.y, s=LARGE * 1.8, marker=marker, clip_on=False, **style)
            continue
        mark = marks[one.label]
        _draw_intervals(axes, one, colour=mark.colour)
        axes.scatter(
            one.x,
            one.y,
            s=LARGE,
            marker=mark.marker,
            facecolor=mark.colour if one.feasible else "white",
            edgecolor="black" if one.feasible else mark.colour,
            linewidth=1.0 if one.feasible else 2.0,
            zorder=7,
            clip_on=False,
        )


def _draw_intervals(axes: "Axes", one: Named, *, colour: str) -> None:
    across = one.across or (one.x, one.x)
    up = one.up or (one.y, one.y)
    style: dict[str, Any] = {"linewidth": 1.2, "alpha": 0.7, "solid_capstyle": "butt"}
    for xs, ys in ((across, (one.y, one.y)), ((one.x, one.x), up)):
        axes.plot(xs, ys, color=colour, zorder=6, **style)


def _taken(
    axes: "Axes", trials: Sequence[Point], named: Sequence[Named], *, bounds: Sequence[Bound]
) -> list[Box]:
    """Returns what no name should cover, in pixels: markers, intervals and the bounds' lines."""
    boxes = [Box.around(*pixels(axes, point.x, point.y), 16, 16) for point in trials]
    for one in named:
        boxes.append(Box.around(*pixels(axes, one.x, one.y), 28, 28))
        left, bottom = pixels(axes, (one.across or (one.x,))[0], (one.up or (one.y,))[0])
        right, top = pixels(axes, (one.across or (one.x,))[-1], (one.up or (one.y,))[-1])
        x, y = pixels(axes, one.x, one.y)
        boxes += [Box(left, y - 2, right, y + 2), Box(x - 2, bottom, x + 2, top)]
    frame = axes.get_window_extent()
    at = [pixels(axes, bound.value, 0.0)[0] for bound in bounds]
    return [*boxes, *(Box(x - 3, frame.y0, x + 3, frame.y1) for x in at)]


def _legend_rows(
    figure_data: FigureData, trials: Sequence[Point], named: Sequence[Named]
) -> Iterator[Row]:
    """Yields what every sign means, and which methods had nothing feasible."""
    measured = [point.entry for point in trials]
    for phase in (Phase.ORIGINAL, Phase.GOLD):
        yield str(phase).capitalize(), sign(BASELINE_MARKERS[phase], "black", size=11)
    labels = labels_of(figure_data.entries)
    between = "\n" if len(labels) <= MOST_IN_TWO else ": "
    for label in labels:
        yield _fared(label, measured, between=between), method_sign(figure_data.marks[label])
    yield "", line_sign("none", INK)
    yield from _large_rows(figure_data, named)
    yield from _mark_rows(measured, named)
    if len(measured) > 1:
        yield "Pareto front", line_sign("-", FRONT)
    for bound in _on_axes(figure_data.bounds, figure_data.axes):
        name = "floor" if bound.side == AT_LEAST else "ceiling"
        yield name, line_sign(DASHED, INK)
        if figure_data.finals is not None:
            yield f"{name} for finalists", line_sign(DOTTED, INK)


def _mark_rows(measured: Sequence[Entry], named: Sequence[Named]) -> Iterator[Row]:
    """Yields what is said by how a mark is drawn, as far as there are such."""
    if any(entry.feasible for entry in measured):
        yield "feasible", sign("o", FAINT, size=8)
    if not all(entry.feasible for entry in measured):
        yield "infeasible", sign("o", "none", size=7, edge=FAINT)
    if False in {*(entry.forgot for entry in measured), *(one.forgot for one in named)}:
        yield NO_BETTER, struck_sign()


def _large_rows(figure_data: FigureData, named: Sequence[Named]) -> Iterator[Row]:
    shown = {one.feasible for one in named if one.phase == Phase.TRIAL}
    if True in shown:
        large = (
            "best feasible" if figure_data.finals is None else "finalist, mean\nand 95 % intervals"
        )
        yield large, sign("o", FAINT, size=10, edge="black")
    if False in shown:
        yield "finalist, infeasible", sign("o", "white", size=10, edge=FAINT)


def _fared(label: str, measured: Sequence[Entry], *, between: str) -> str:
    """Returns the label, and where nothing of the method is large in the plot that it is so."""
    trials = [entry for entry in measured if entry.label == label]
    if any(entry.feasible for entry in trials):
        return short(label, IN_LEGEND)
    return f"{short(label, IN_LEGEND)}{between}none {'feasible' if trials else 'measured'}"

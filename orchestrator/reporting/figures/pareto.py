"""The sweep's figure: what each trial forgot against what it retained."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from orchestrator.constraints import AT_LEAST, Bound
from orchestrator.entry import Entry
from orchestrator.pareto import gain
from orchestrator.reporting.charts.chart_axis import linear_axis, objective_axis
from orchestrator.reporting.estimates.finals import Finals
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
    heading,
    new_figure,
    plain,
    save,
)
from orchestrator.reporting.figures.naming import pixels, write_names
from orchestrator.reporting.figures.placement import Box
from orchestrator.reporting.figures.points import (
    Named,
    Point,
    front_corners,
    labels_of,
    named_points,
    points_of,
    short,
    subtitle,
    trials_of,
)
from orchestrator.reporting.figures.signs import line_sign, method_sign, sign
from orchestrator.reporting.marks import mark_of
from orchestrator.searching.settings import SearchSettings
from trainers.job import Phase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

AXES = (0.085, 0.115, 0.69, 0.745)
"""Left, bottom, width and height of the plot, as shares of the figure; the legend is beside it."""
LEGEND_POINTS = 235.0
"""Height of the legend as the sum of its rows' text sizes."""
LARGE = 115.0
"""Area of a best trial's marker, in square points."""
DASHED, DOTTED = (0, (4, 3)), (0, (1, 2))


def pareto_figure(
    entries: Sequence[Entry],
    *,
    search: SearchSettings,
    bounds: Sequence[Bound],
    folder: Path,
    finals: Finals | None = None,
) -> list[Path]:
    """Draws every measured trial and returns the paths of `pareto.png` and `pareto.pdf`.

    Filled markers keep all bounds, hollow ones do not; each method's best feasible trial is large
    and named. With `finals` it is instead its mean over seeds with the 95 % intervals, and the
    baselines and a second line for each bound are those of the items that finalists are reported
    on. Of the bounds, those on the horizontal metric are drawn. The line joins the trials that no
    other beats in both metrics: what lies beyond it was reached by none. What has no finite number
    in both metrics is counted, not shown.
    """
    points = points_of(entries, search)
    trials, named = trials_of(points), named_points(points, search, finals)
    figure = new_figure()
    axes = figure.add_axes(AXES)
    drawn = _of_horizontal(bounds, search)
    reported = _of_horizontal(finals.bounds, search) if finals is not None else []
    _scale(axes, trials, named, bounds=[*drawn, *reported])
    _head(axes, entries, points, search=search, bounds=bounds)
    _draw_bounds(axes, drawn, reported)
    _draw_front(axes, front_corners(trials, search), sign=search.horizontal_sign)
    _draw_trials(axes, trials)
    _draw_named(axes, named)
    write_names(axes, named, taken=_taken(axes, trials, named, bounds=[*drawn, *reported]))
    rows = _legend_rows(entries, trials, drawn=drawn, finals=finals)
    _legend(figure, list(rows))
    return save(figure, folder, "pareto")


def _of_horizontal(bounds: Sequence[Bound], search: SearchSettings) -> list[Bound]:
    return [bound for bound in bounds if bound.metric == search.horizontal]


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


def _head(
    axes: "Axes",
    entries: Sequence[Entry],
    points: Sequence[Point],
    *,
    search: SearchSettings,
    bounds: Sequence[Bound],
) -> None:
    """Writes the titles and what the axes are, and takes away the frame."""
    across, up = heading(search.horizontal), heading(search.objective)
    axes.set_xlabel(f"{across} ({better(search.horizontal_sign)})", fontsize=12, color=INK)
    axes.set_ylabel(f"{up} ({better(gain(search.objective, 1.0))})", fontsize=12, color=INK)
    plain(axes)
    axes.set_title(f"{up} against {across}", loc="left", pad=31, fontsize=14, color=INK)
    axes.text(
        0.0,
        1.035,
        subtitle(entries, points, bounds),
        transform=axes.transAxes,
        fontsize=10.5,
        color=FRONT,
    )


def _draw_bounds(axes: "Axes", bounds: Sequence[Bound], reported: Sequence[Bound]) -> None:
    low, high = axes.get_xlim()
    for bound in bounds:
        beyond = low if bound.side == AT_LEAST else high
        axes.axvspan(beyond, bound.value, color=SHADE, linewidth=0, zorder=0)
        axes.axvline(bound.value, color=INK, linewidth=1.2, linestyle=DASHED, zorder=1)
    for bound in reported:
        axes.axvline(bound.value, color=INK, linewidth=1.4, linestyle=DOTTED, zorder=1)


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


def _draw_named(axes: "Axes", named: Sequence[Named]) -> None:
    for one in named:
        mark = mark_of(one.label)
        baseline = BASELINE_MARKERS.get(one.phase)
        _draw_intervals(axes, one, colour=mark.colour)
        axes.scatter(
            one.x,
            one.y,
            s=LARGE * (1.8 if baseline else 1.0),
            marker=baseline or mark.marker,
            facecolor="black" if baseline else mark.colour,
            edgecolor="white" if baseline else "black",
            linewidth=1.0,
            zorder=7 if baseline else 6,
            clip_on=False,
        )


def _draw_intervals(axes: "Axes", one: Named, *, colour: str) -> None:
    across = one.across or (one.x, one.x)
    up = one.up or (one.y, one.y)
    for xs, ys in ((across, (one.y, one.y)), ((one.x, one.x), up)):
        axes.plot(xs, ys, color=INK, linewidth=2.6, zorder=5, solid_capstyle="butt")
        axes.plot(xs, ys, color=colour, linewidth=1.4, zorder=5, solid_capstyle="butt")


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
    entries: Sequence[Entry],
    trials: Sequence[Point],
    *,
    drawn: Sequence[Bound],
    finals: Finals | None,
) -> Iterator[tuple[str, "Line2D"]]:
    """Yields what every sign means, and which methods had nothing feasible."""
    measured = [point.entry for point in trials]
    for phase in (Phase.ORIGINAL, Phase.GOLD):
        yield str(phase).capitalize(), sign(BASELINE_MARKERS[phase], "black", size=11)
    for label in labels_of(entries):
        yield _fared(label, measured), method_sign(label)
    yield "", line_sign("none", INK)
    if any(entry.feasible for entry in measured):
        large = "best feasible" if finals is None else "finalist, mean\nand 95 % intervals"
        yield large, sign("o", FAINT, edge="black", size=10)
        yield "feasible", sign("o", FAINT, size=8)
    if not all(entry.feasible for entry in measured):
        yield "infeasible", sign("o", "none", edge=FAINT, size=7)
    if len(measured) > 1:
        yield "Pareto front", line_sign("-", FRONT)
    for bound in drawn:
        name = "floor" if bound.side == AT_LEAST else "ceiling"
        yield name, line_sign(DASHED, INK)
        if finals is not None:
            yield f"{name} for finalists", line_sign(DOTTED, INK)


def _fared(label: str, measured: Sequence[Entry]) -> str:
    """Returns the label, with a second line where nothing of the method is large in the plot."""
    trials = [entry for entry in measured if entry.label == label]
    if any(entry.feasible for entry in trials):
        return short(label, IN_LEGEND)
    return f"{short(label, IN_LEGEND)}\nnone {'feasible' if trials else 'measured'}"


def _legend(figure: "Figure", rows: Sequence[tuple[str, "Line2D"]]) -> None:
    num_lines = sum(1 + text.count("\n") for text, _ in rows)
    figure.legend(
        [made for _, made in rows],
        [text for text, _ in rows],
        loc="upper left",
        bbox_to_anchor=(AXES[0] + AXES[2] + 0.005, AXES[1] + AXES[3] + 0.02),
        fontsize=min(10.5, LEGEND_POINTS / num_lines),
        labelspacing=0.45,
        frameon=False,
    )

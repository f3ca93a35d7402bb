"""How soon each method finds what it finds: the best feasible value so far against its budget."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.reporting.charts.chart_axis import objective_axis
from orchestrator.reporting.charts.incumbent import Incumbent, incumbents_of
from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.figures.canvas import (
    IN_LEGEND,
    INK,
    better,
    compress,
    head,
    new_figure,
    plain,
    save,
)
from orchestrator.reporting.figures.legend import height_for, legend_beside
from orchestrator.reporting.figures.legend_markers import line_sign, method_sign, style_of
from orchestrator.reporting.figures.points import short
from orchestrator.reporting.method_styles import Mark
from orchestrator.reporting.tables.shared_columns import metric_title
from orchestrator.results.pareto import gain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BY_TRIALS = (0.085, 0.115, 0.345, 0.725)
BY_HOURS = (0.46, 0.115, 0.345, 0.725)
"""Left, bottom, width and height of the two plots, as shares of the figure."""
DOTTED = (0.0, (1.0, 2.0))
MOST_NAMED = 5
"""Methods that found nothing that are named; more would leave the figure."""


def progress_figure(figure_data: FigureData, folder: Path) -> list[Path]:
    """Draws both plots, and returns the paths of `progress.png` and `.pdf`; none without trials.

    A line begins with a method's first feasible trial. Methods that found none are named.
    """
    search, marks = figure_data.search, figure_data.marks
    incumbents = incumbents_of(figure_data.entries, search, figure_data.corner)
    if not incumbents:
        return []
    figure = new_figure(height_for([incumbent.label for incumbent in incumbents]))
    by_trials, by_hours = figure.add_axes(BY_TRIALS), figure.add_axes(BY_HOURS)
    found = [incumbent for incumbent in incumbents if incumbent.found]
    ends = [value for incumbent in found for value in incumbent.best if value == value]
    to_beat = _to_beat(figure_data, ends)
    ends += [] if to_beat is None else [to_beat]
    for axes, what in ((by_trials, "trials"), (by_hours, "gang hours")):
        plain(axes)
        up = objective_axis(ends or [0.0])
        compress(axes, up)
        if figure_data.corner and up.ticks is None:
            axes.ticklabel_format(axis="y", scilimits=(-2, 4))  # of any size, and long as numbers
        axes.set_ylim(up.low, min(up.high, max(ends) / 1.7) if ends and max(ends) < -1 else up.high)
        axes.set_xlabel(f"{what} of the method", fontsize=12, color=INK)
        if to_beat is not None:
            axes.axhline(to_beat, color=INK, linewidth=1.2, linestyle=DOTTED, zorder=2)
    for incumbent in found:
        _draw(by_trials, incumbent, [float(n) for n in range(1, len(incumbent.best) + 1)], marks)
        _draw(by_hours, incumbent, incumbent.hours, marks)
    by_trials.set_xlim(left=0)
    by_hours.set_xlim(left=0)
    by_hours.tick_params(labelleft=False)
    by_hours.locator_params(axis="x", nbins=5)
    direction = better(1.0 if figure_data.corner else gain(search.primary, 1.0))
    name = "Hypervolume" if figure_data.corner else metric_title(search.primary)
    by_trials.set_ylabel(f"{name} ({direction})", fontsize=12, color=INK)
    head(figure, figure_data.progress_title, _said(incumbents))
    rows = [
        (short(incumbent.label, IN_LEGEND), method_sign(marks[incumbent.label], line=True))
        for incumbent in found
    ]
    if to_beat is not None:
        rows.append(("up to here no\nbetter than Original", line_sign(DOTTED, INK)))
    legend_beside(figure, rows, left=BY_HOURS[0] + BY_HOURS[2] + 0.005, top=0.86)
    return save(figure, folder, "progress")


def _to_beat(figure_data: FigureData, values: Sequence[float]) -> float | None:
    """Returns where the original's interval ends, if any of the values is no better than that."""
    search, end = figure_data.search, figure_data.to_beat
    if end is None or end != end or figure_data.corner:
        return None
    worse = [value for value in values if gain(search.primary, value) <= gain(search.primary, end)]
    return end if worse else None


def _said(incumbents: Sequence[Incumbent]) -> str:
    none = [short(incumbent.label) for incumbent in incumbents if not incumbent.found]
    said = "Gang hours: wall clock of the method's trials, those found in storage included."
    if not none:
        return said
    more = f" and {len(none) - MOST_NAMED} more" if len(none) > MOST_NAMED else ""
    return f"{said}\nNothing feasible: {', '.join(none[:MOST_NAMED])}{more}."


def _draw(
    axes: "Axes", incumbent: Incumbent, xs: Sequence[float], marks: Mapping[str, Mark]
) -> None:
    mark = marks[incumbent.label]
    axes.plot(
        xs,
        incumbent.best,
        drawstyle="steps-post",
        color=mark.colour,
        linestyle=style_of(mark.dashes),
        linewidth=1.8,
        zorder=3,
    )
    marked = [
        i
        for i, value in enumerate(incumbent.best)
        if value == value and (value != _before(incumbent, i) or i == len(incumbent.best) - 1)
    ]
    axes.scatter(
        [xs[i] for i in marked],
        [incumbent.best[i] for i in marked],
        s=50,
        marker=mark.marker,
        color=mark.colour,
        edgecolor="white",
        linewidth=0.8,
        zorder=4,
    )


def _before(incumbent: Incumbent, i: int) -> float | None:
    return incumbent.best[i - 1] if i else None

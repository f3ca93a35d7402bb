"""Hyperparameters and metrics of all trials in one picture: parallel coordinates."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.entry import Entry
from orchestrator.reporting.charts.spokes import Spoke, spoke_trials, spokes_of
from orchestrator.reporting.figures.canvas import (
    FAINT,
    IN_LEGEND,
    INK,
    head,
    heading,
    new_figure,
    number,
    save,
)
from orchestrator.reporting.figures.points import labels_of, short
from orchestrator.reporting.figures.signs import line_sign, method_sign
from orchestrator.reporting.marks import mark_of
from orchestrator.searching.settings import SearchSettings
from orchestrator.standing import best_feasible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AXES = (0.045, 0.05, 0.775, 0.76)
ABSENT = -0.16
"""Where a trial without a value crosses an axis, as a share of its length."""


def parallel_figure(
    entries: Sequence[Entry], *, search: SearchSettings, folder: Path
) -> list[Path]:
    """Draws a line for each measured trial, and returns the paths of `parallel.png` and `.pdf`.

    Each axis reaches from the smallest to the largest value. Nothing is written where nothing was
    measured.
    """
    trials = spoke_trials(entries)
    if not trials:
        return []
    spokes = spokes_of(trials, search)
    figure = new_figure()
    axes = figure.add_axes(AXES)
    has_absent = any(value is None for spoke in spokes for value in spoke.values)
    _draw_axes(axes, spokes, has_absent=has_absent)
    labels = labels_of(trials)
    best = {id(best_feasible([e for e in trials if e.label == label], search)) for label in labels}
    for i, entry in enumerate(trials):
        heights = [_height(spoke.shares[i]) for spoke in spokes]
        _draw_line(axes, entry, heights, is_best=id(entry) in best)
    head(figure, "Hyperparameters and metrics of every trial", _said(trials))
    _legend(figure, labels)
    return save(figure, folder, "parallel")


def _height(share: float | None) -> float:
    return ABSENT if share is None else share


def _said(trials: Sequence[Entry]) -> str:
    return (
        f"{len(trials)} measured trials; each axis from its smallest to its largest value. "
        "Bold: each method's best feasible trial."
    )


def _draw_axes(axes: "Axes", spokes: Sequence[Spoke], *, has_absent: bool) -> None:
    from matplotlib.patheffects import withStroke

    axes.set_axis_off()
    axes.set_xlim(-0.15, len(spokes) - 0.85)
    axes.set_ylim(ABSENT - 0.07 if has_absent else -0.08, 1.08)
    halo = withStroke(linewidth=3, foreground="white")
    style: dict[str, Any] = {"ha": "center", "color": INK, "zorder": 8, "path_effects": [halo]}
    for x, spoke in enumerate(spokes):
        axes.plot((x, x), (0, 1), color=INK, linewidth=1.1, zorder=6)
        name = heading(spoke.name) if spoke.is_metric else spoke.name
        axes.text(
            x, 1.095, name.replace(" Quality", "\nQuality"), fontsize=11, va="bottom", **style
        )
        for low, end in zip((True, False), _ticks(spoke), strict=True):
            at, va = (-0.02, "top") if low else (1.015, "bottom")
            axes.text(x, at, end, fontsize=9.5, va=va, **style)
        if None in spoke.values:
            axes.text(x, ABSENT - 0.03, "not searched", fontsize=9.5, va="top", **style)


def _ticks(spoke: Spoke) -> tuple[str, str]:
    low, high = (v if isinstance(v, str) else _said_number(v) for v in spoke.ends)
    return low, high


def _said_number(value: float | int | None) -> str:
    return "" if value is None else number(float(value))


def _draw_line(axes: "Axes", entry: Entry, heights: Sequence[float], *, is_best: bool) -> None:
    mark = mark_of(entry.label)
    axes.plot(
        range(len(heights)),
        heights,
        color=mark.colour if entry.feasible else FAINT,
        linewidth=2.6 if is_best else 1.0,
        alpha=1.0 if is_best else 0.6 if entry.feasible else 0.35,
        marker=mark.marker if is_best else None,
        markersize=7,
        markeredgecolor="white",
        zorder=5 if is_best else 4 if entry.feasible else 3,
    )


def _legend(figure: "Figure", labels: Sequence[str]) -> None:
    figure.legend(
        [*(method_sign(label, line=True) for label in labels), line_sign("-", FAINT)],
        [*(short(label, IN_LEGEND) for label in labels), "infeasible"],
        loc="upper left",
        bbox_to_anchor=(AXES[0] + AXES[2] + 0.03, 0.86),
        frameon=False,
        fontsize=10.5,
    )

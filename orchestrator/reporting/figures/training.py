"""What happens while a model is trained: retained knowledge and loss over the steps."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.reporting.charts.curves import LOSS, PROBE, Curve, curve_of
from orchestrator.reporting.figure_data import FigureData
from orchestrator.reporting.figures.canvas import FAINT, INK, head, save, strike
from orchestrator.reporting.figures.facets import Facets, facets, label_axes, legend_below
from orchestrator.reporting.figures.legend_markers import line_sign, sign, struck_sign
from orchestrator.reporting.figures.polylines import Pen, draw_lines
from orchestrator.reporting.tables.lines import NO_BETTER
from orchestrator.reporting.tables.shared_columns import metric_title
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import best_trials, is_trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

DASHED = (0.0, (4.0, 3.0))
SHOWN_ITEMS = "estimated from a few items"


def probe_figure(figure_data: FigureData, folder: Path) -> list[Path]:
    """Draws the probes of `search.horizontal`, and returns `training_<metric>.png` and `.pdf`.

    Nothing is written where no trial was probed.
    """
    metric = figure_data.search.horizontal
    made = _drawn(figure_data, PROBE + metric)
    if made is None:
        return []
    own = [bound for bound in figure_data.bounds if bound.metric == metric]
    for axes in made.plots.values():
        for bound in own:
            axes.axhline(bound.value, color=INK, linewidth=1.2, linestyle=DASHED, zorder=2)
    head(made.figure, f"{metric_title(metric)} during training", f"Probes: {SHOWN_ITEMS}.")
    label_axes(made.figure, "optimizer step", metric_title(metric))
    signs = [*_signs(figure_data), *[("bound", line_sign(DASHED, INK))] * bool(own)]
    legend_below(made.figure, signs)
    return save(made.figure, folder, f"training_{metric}")


def loss_figure(figure_data: FigureData, folder: Path) -> list[Path]:
    """Draws the losses, and returns `training_loss.png` and `.pdf`; none where none is known.

    Each method has an axis of its own: what they minimise cannot be compared.
    """
    made = _drawn(figure_data, LOSS, shares_up=False)
    if made is None:
        return []
    subtitle = "Each method's own loss on an axis of its own; losses of two methods do not compare."
    head(made.figure, "Loss during training", subtitle)
    label_axes(made.figure, "optimizer step", "loss")
    legend_below(made.figure, _signs(figure_data))
    return save(made.figure, folder, "training_loss")


def _drawn(figure_data: FigureData, name: str, *, shares_up: bool = True) -> Facets | None:
    """Returns a plot of every method that has such a curve."""
    trials = [entry for entry in figure_data.entries if is_trial(entry)]
    curves = [(entry, curve_of(entry.result, name)) for entry in trials]
    known = [(entry, curve) for entry, curve in curves if curve is not None]
    labels = sorted({entry.label for entry, _ in known})
    if not labels:
        return None
    made = facets(labels, figure_data.marks, shares_up=shares_up)
    best = best_trials(trials, labels, search=figure_data.search)
    for label, axes in made.plots.items():
        own = [(entry, curve) for entry, curve in known if entry.label == label]
        colour = figure_data.marks[label].colour
        draw_lines(
            axes,
            (
                (
                    _pen(entry, colour, is_best=entry is best.get(label)),
                    list(zip(curve.steps, curve.values, strict=True)),
                )
                for entry, curve in own
            ),
        )
        _draw_ends(axes, own)
        axes.set_xlim(left=0, right=max(curve.num_steps for _, curve in known))
    return made


def _pen(entry: Entry, colour: str, *, is_best: bool) -> Pen:
    """Returns how a trial's curve is drawn: the best one bold, infeasible ones grey."""
    colour = colour if entry.feasible else FAINT
    if is_best:
        return Pen(colour, "-", width=2.4, alpha=1.0, level=5)
    return Pen(colour, "-", width=1.1, alpha=0.75, level=4 if entry.feasible else 3)


def _draw_ends(axes: "Axes", drawn: Sequence[tuple[Entry, Curve]]) -> None:
    """Draws a cross where a trial was stopped, and a bar where nothing was forgotten."""
    ends = [(entry, curve, (curve.steps[-1], curve.values[-1])) for entry, curve in drawn]
    stopped = [at for e, c, at in ends if e.result.stopped and c.steps[-1] < c.num_steps]
    if stopped:
        xs, ys = zip(*stopped, strict=True)
        axes.scatter(xs, ys, s=22, marker="x", color=INK, zorder=6)
    strike(axes, [at for entry, _, at in ends if entry.forgot is False], area=60)


def _signs(figure_data: FigureData) -> list[tuple[str, "Line2D"]]:
    has_idle = any(entry.forgot is False for entry in figure_data.entries)
    return [
        ("best feasible", line_sign("-", INK, width=2.6)),
        ("feasible (the method's colour)", line_sign("-", INK, width=1.1)),
        ("infeasible or failed", line_sign("-", FAINT, width=1.1)),
        ("stopped early", sign("x", INK, edge=INK, size=5)),
        *[(NO_BETTER, struck_sign())] * has_idle,
    ]

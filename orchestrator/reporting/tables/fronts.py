"""How much each method's Pareto front dominates."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain

from evals.metric import load_metric
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Column, Table
from orchestrator.reporting.tables.lines import Line, assembled, left_out
from orchestrator.reporting.tables.untelling import untelling_in
from orchestrator.results.entry import Entry
from orchestrator.results.hypervolume import (
    corner_in,
    corner_said,
    dominated,
    feasible_metrics,
)
from orchestrator.results.pareto import hypervolume
from orchestrator.results.ranking import Axes, Axis, front_between

ALL, FEASIBLE = "All", "Feasible hypervolume"
COLUMNS = (
    Column("Method"),
    Column("Hypervolume", ".4g"),
    Column("On its own front", "d"),
    Column("On the front of all", "d"),
)


def fronts_table(record: SweepRecord, labels: Sequence[str], *, axes: Axes) -> Table:
    """Returns what each method's front dominates, and that of all of them together.

    It is the area above a corner: in each metric the worst value that it can have, or the
    Original's where there is no worst.
    """
    assert record.reference is not None
    original = record.reference.original.metrics
    corner = _worst(axes.objective, original), _worst(axes.horizontal, original)
    groups = {label: [e for e in record.entries if e.label == label] for label in labels}
    everything = [*chain(*groups.values())]
    best = front_between(everything, axes)
    lines = [_line(label, found, best, axes, corner) for label, found in groups.items()]
    lines.append(_line(ALL, everything, best, axes, corner))
    search, note = record.config.search, ""
    columns: tuple[Column, ...] = COLUMNS
    if len(search.objectives) > 1:
        inner = corner_in(search, record.reference)
        found = [*groups.values(), everything]
        volumes = [dominated(feasible_metrics(each), search, inner) for each in found]
        lines = [{**line, FEASIBLE: v} for line, v in zip(lines, volumes, strict=True)]
        columns = (*COLUMNS, Column(FEASIBLE, ".4g"))
        note = (
            f"{FEASIBLE}: what the feasible trials dominate in {search.said} "
            f"above {corner_said(search, inner)}, which is what the search makes large."
        )
    both = zip((axes.objective, axes.horizontal), corner, strict=True)
    above = " and ".join(f"{axis.metric} {axis.sign * end:.4g}" for axis, end in both)
    return assembled(
        columns,
        lines,
        title=f"What the Pareto fronts in {axes.said} dominate",
        notes=(
            f"Hypervolume: the area between the trials and the corner at {above}. "
            "Infeasible trials count, too, if they were not stopped early. Trials at or below the "
            "corner add nothing to it, yet count as on a front.",
            _relative(axes),
            note,
            left_out(record, labels),
            *untelling_in(record),
        ),
    )


def _line(
    label: str,
    entries: Sequence[Entry],
    best: Sequence[Entry],
    axes: Axes,
    corner: tuple[float, float],
) -> Line:
    found = front_between(entries, axes)
    points = [(axes.objective.gain(entry), axes.horizontal.gain(entry)) for entry in found]
    return {
        "Method": label,
        "Hypervolume": hypervolume(points, corner),
        "On its own front": len(found),
        "On the front of all": sum(any(entry is other for other in best) for entry in found),
    }


def _relative(axes: Axes) -> str:
    """Says that the corner is not that of other sweeps, where it is not."""
    own = [axis.metric for axis in (axes.objective, axes.horizontal) if not _has_worst(axis)]
    if not own:
        return ""
    return (
        f"The corner's {' and '.join(own)} is that of this sweep's own Original: "
        "the areas of two sweeps do not compare."
    )


def _has_worst(axis: Axis) -> bool:
    low, high = load_metric(axis.metric).bounds
    return math.isfinite(low if axis.sign > 0 else high)


def _worst(axis: Axis, original: Mapping[str, float]) -> float:
    """Returns the axis' end of the corner, signed so that more is better."""
    low, high = load_metric(axis.metric).bounds
    worst = low if axis.sign > 0 else high
    return axis.sign * (worst if math.isfinite(worst) else original[axis.metric])

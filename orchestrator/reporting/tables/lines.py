"""A table's rows as mappings from headings to cells, and what they say of any result."""

import math
from collections.abc import Mapping, Sequence

from orchestrator.reporting.provenance import command
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Cell, Column, Printed, Table
from orchestrator.reporting.tables.shared_columns import metric_heading
from orchestrator.results.entry import Entry
from orchestrator.searching.constraints import AT_LEAST, AT_MOST, Bound, is_feasible, violations
from orchestrator.searching.shared_parameters import SHARED, own_part, shared_values
from orchestrator.storage.result import Result
from trainers.job import Phase

Line = Mapping[str, Cell]
UNMOVED = "the model did not move"
STOPPED = "stopped"
"""The state of a trial that was measured as it was when it was stopped early."""
FEASIBLE = Column("Feasible", printed=Printed.NOWHERE)
"""On paper what is infeasible is grey."""
FEASIBLE_APART = Column("Feasible", printed=Printed.APART)


def result_line(result: Result, record: SweepRecord) -> Line:
    """Returns what a table may say about any result."""
    return {
        **{metric_heading(name): value for name, value in result.metrics.items()},
        "State": STOPPED if result.stopped else str(result.state),
        "Reason": result.reason or result.stopped,
        "Job": result.job.hash,
        "Repeat": command(record, result),
        "Seconds": result.wall_s,
        "Weights": "removed" if result.weights_removed else "",
    }


def trial_line(entry: Entry, record: SweepRecord) -> Line:
    """Returns what a table may say about a trial."""
    return {
        **result_line(entry.result, record),
        **setting_line(entry.result, entry.params or {}),
        "Method": entry.label,
        "Trial": entry.number,
        "Feasible": entry.feasible,
        "Note": UNMOVED if entry.result.facts.get("moved") == 0.0 else "",
    }


def setting_line(result: Result, params: Mapping[str, float | int | str]) -> Line:
    """Returns the hyperparameters that a trial was run with, those that were not searched too."""
    shared = shared_values(result.job.training)
    return {**own_part(params), **{SHARED[name].heading: shared[name] for name in shared}}


def keeps(bounds: Sequence[Bound], metrics: Mapping[str, float]) -> bool:
    """Returns whether a baseline keeps the bounds itself."""
    known = all(math.isfinite(metrics[bound.metric]) for bound in bounds)
    return known and is_feasible(violations(bounds, metrics))


def missed(bounds: Sequence[Bound], by: Mapping[str, float]) -> str:
    """Says by how much which bounds are missed, "retain 0.05 below its floor"."""
    sides = {AT_LEAST: "below its floor", AT_MOST: "above its ceiling"}
    return " and ".join(
        f"{bound.metric} {by[bound.name]:.2g} {sides[bound.side]}"
        for bound in bounds
        if by[bound.name] > 0
    )


def baseline_name(phase: Phase) -> str:
    """Returns the name of a baseline's row."""
    return str(phase).capitalize()


def assembled(
    columns: Sequence[Column],
    lines: Sequence[Line],
    *,
    title: str,
    notes: Sequence[str] = (),
    num_heads: int = 0,
) -> Table:
    """Returns the table of these lines; those below the heads that are infeasible are muted."""
    return Table(
        columns=tuple(columns),
        rows=tuple(tuple(line.get(column.heading) for column in columns) for line in lines),
        notes=tuple(filter(None, notes)),
        title=title,
        muted=frozenset(
            i for i, line in enumerate(lines) if i >= num_heads and line.get("Feasible") is False
        ),
        num_heads=num_heads,
    )

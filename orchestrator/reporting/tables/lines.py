"""A table's rows as mappings from headings to cells, and what they say of any result."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.reporting.provenance import command
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import DAGGER, Cell, Column, Printed, Table, shown
from orchestrator.reporting.tables.shared_columns import metric_column, metric_heading
from orchestrator.results.chance import has_moved
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import is_measured, is_trial, is_whole
from orchestrator.searching.constraints import AT_LEAST, AT_MOST, Bound, is_feasible, violations
from orchestrator.searching.shared_parameters import SHARED, own_part, shared_values
from orchestrator.storage.result import Result
from trainers.job import Phase

Line = Mapping[str, Cell]
ADDED = "added by hand"
UNMOVED = "the model did not move"
STOPPED = "stopped"
"""The state of a trial that was measured as it was when it was stopped early."""
FEASIBLE = Column("Feasible", printed=Printed.NOWHERE)
"""On paper what is infeasible is grey."""
MOVED = Column("Moved", printed=Printed.NOWHERE)
NO_BETTER = "no better than Original"
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
        "Moved": has_moved([entry.result]),
        "Forgot": entry.forgot,
        "Note": "; ".join(filter(None, (_hand(entry, record), _idle(entry)))),
    }


def _hand(entry: Entry, record: SweepRecord) -> str:
    return ADDED if record.usage.steering.is_added(entry.label, entry.number) else ""


def _idle(entry: Entry) -> str:
    return marks(moved=has_moved([entry.result]), forgot=entry.forgot)


def marks(*, moved: bool | None, forgot: bool | None) -> str:
    """Says of a model that it did nothing; empty where it did something, or that is not known."""
    if moved is False:
        return UNMOVED
    return NO_BETTER if forgot is False else ""


def forgot_columns(record: SweepRecord, *, printed: Printed = Printed.NOWHERE) -> list[Column]:
    """Returns the columns that say whether a model moved, and whether it forgot anything."""
    note = f"better than Original in {record.config.search.primary}, beyond chance"
    return [replace(MOVED, printed=printed), Column("Forgot", note=note, printed=printed)]


def forgot_note(record: SweepRecord) -> str:
    """Says what the dagger of a trial means, and by which rule it is set."""
    objective = record.config.search.primary
    said = f"{DAGGER} forgot nothing beyond chance: the model did not move"
    if record.chance is None:
        return f"{said}."
    end = shown(record.chance.to_beat, metric_column(objective))
    return (
        f"{said}, or is no better in {objective} than {end}, the better end of the 95 % interval "
        "of Original's over the items that the search sees."
    )


def splits_note(record: SweepRecord) -> str:
    """Says that trials and baselines are means over splits, if they are."""
    num = record.config.search.splits
    return (
        "" if num == 1 else f"Trials, Original and Gold: means over {num} splits of the benchmark."
    )


def left_out(record: SweepRecord, labels: Sequence[str]) -> str:
    """Says how many measured trials of the methods `labels` are on no front, and why."""
    measured = [e for e in record.entries if e.label in labels and is_trial(e) and is_measured(e)]
    stopped = [entry for entry in measured if not is_whole(entry)]
    idle = [entry for entry in measured if is_whole(entry) and entry.forgot is False]
    said = [
        f"{_trials(found)} that {why}"
        for found, why in (
            (idle, "forgot nothing beyond chance (see the table trials)"),
            (stopped, "had been stopped early, whose numbers are not those of a whole training"),
        )
        if found
    ]
    return f"On no front: {', and '.join(said)}." if said else ""


def _trials(found: Sequence[Entry]) -> str:
    return f"{len(found)} trial" + "s" * (len(found) != 1)


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
    dagger: str = "",
) -> Table:
    """Returns the table of these lines; those below the heads that are infeasible are muted.

    Lines that say that they forgot nothing are daggered, which is explained by the note `dagger`.
    """
    idle = frozenset(i for i, line in enumerate(lines) if line.get("Forgot") is False)
    return Table(
        columns=tuple(columns),
        rows=tuple(tuple(line.get(column.heading) for column in columns) for line in lines),
        notes=tuple(filter(None, (*notes, *([dagger] if idle else [])))),
        title=title,
        muted=frozenset(
            i for i, line in enumerate(lines) if i >= num_heads and line.get("Feasible") is False
        ),
        num_heads=num_heads,
        daggered=idle,
    )

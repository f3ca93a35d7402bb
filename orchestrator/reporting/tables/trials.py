"""Every trial of a sweep."""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Column, Printed, Table
from orchestrator.reporting.tables.lines import (
    FEASIBLE,
    assembled,
    forgot_columns,
    forgot_note,
    splits_note,
    trial_line,
)
from orchestrator.reporting.tables.shared_columns import (
    REPEAT,
    SETTING,
    metric_column,
    metric_names,
    parameter_columns,
)
from orchestrator.reporting.tables.untelling import untelling_in
from orchestrator.results.ranking import is_trial


def trials_table(record: SweepRecord, labels: Sequence[str]) -> Table:
    """Returns every trial of the methods `labels`, by method and number."""
    trials = [e for e in record.entries if is_trial(e) and e.label in labels]
    trials.sort(key=lambda entry: (entry.label, entry.number or 0))
    known, others = metric_names(entry.result.metrics for entry in trials)
    columns = [Column("Method"), Column("Trial", "d"), *SETTING]
    columns += parameter_columns(entry.params for entry in trials)
    columns += [metric_column(name) for name in (*known, *others)]
    columns += [FEASIBLE, *forgot_columns(record)]
    columns += [_unprinted(Column("State")), Column("Reason")]
    rest = (Column("Job"), Column("Seconds", ".1f"), Column("Weights"))
    columns += [*map(_unprinted, rest), REPEAT]
    lines = [trial_line(entry, record) for entry in trials]
    return assembled(
        columns,
        lines,
        title=f"All trials of the sweep {record.config.name}",
        notes=(splits_note(record), *untelling_in(record), *record.by_hand),
        dagger=forgot_note(record),
    )


def _unprinted(column: Column) -> Column:
    """Returns the column for a table that is large enough without it on paper."""
    return replace(column, printed=Printed.NOWHERE)

"""The trials that no other beats in two metrics at once: of all methods, and of each."""

from collections.abc import Sequence

from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Column, Printed, Table
from orchestrator.reporting.tables.lines import (
    FEASIBLE,
    assembled,
    forgot_columns,
    left_out,
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
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import Axes, front_between


def pareto_table(record: SweepRecord, labels: Sequence[str], *, axes: Axes) -> Table:
    """Returns the front over all trials of the methods `labels`."""
    found = front_between([e for e in record.entries if e.label in labels], axes)
    return _table(found, record, labels, title=f"The Pareto front in {axes.said}")


def method_fronts_table(record: SweepRecord, labels: Sequence[str], *, axes: Axes) -> Table:
    """Returns the front of each method by itself."""
    found = [
        entry
        for label in labels
        for entry in front_between([e for e in record.entries if e.label == label], axes)
    ]
    return _table(found, record, labels, title=f"Each method's own Pareto front in {axes.said}")


def _table(
    found: Sequence[Entry], record: SweepRecord, labels: Sequence[str], *, title: str
) -> Table:
    known, others = metric_names(entry.result.metrics for entry in found)
    columns = [Column("Method"), Column("Trial", "d"), *SETTING]
    columns += parameter_columns(entry.params for entry in found)
    columns += [metric_column(name) for name in (*known, *others)]
    columns += [FEASIBLE, *forgot_columns(record), Column("Job", printed=Printed.NOWHERE), REPEAT]
    return assembled(
        columns,
        [trial_line(entry, record) for entry in found],
        title=title,
        notes=(left_out(record, labels), *untelling_in(record)),
    )

"""What there is to be told without being taught, beside every table of what models can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Table, shown
from orchestrator.reporting.tables.lines import Line
from orchestrator.reporting.tables.shared_columns import metric_column, metric_heading
from trainers.floors import floors_in

Floors = Mapping[str, Mapping[str, float]]


def with_floors(table: Table, record: SweepRecord, *, held_out: bool) -> Table:
    """Returns the table with a row for each floor of the benchmark below its heads, or as it is.

    `held_out` says that it is of items that no search has seen. A table without heads of its own
    has them in a note.
    """
    floors = _floors(record, held_out=held_out)
    if not floors:
        return table
    if not table.num_heads:
        return replace(table, notes=(*table.notes, _note(floors)))
    return _below_heads(table, [_line(name, found) for name, found in floors.items()])


def _floors(record: SweepRecord, *, held_out: bool) -> Floors:
    if record.reference is None:
        return {}
    return floors_in(record.reference.original.facts, held_out=held_out)


def _line(name: str, found: Mapping[str, float]) -> Line:
    return {"Method": name, **{metric_heading(metric): value for metric, value in found.items()}}


def _below_heads(table: Table, lines: Sequence[Line]) -> Table:
    heads, more = table.num_heads, len(lines)
    rows = [tuple(line.get(column.heading) for column in table.columns) for line in lines]

    def moved(row: int) -> int:
        return row if row < heads else row + more

    return replace(
        table,
        rows=(*table.rows[:heads], *rows, *table.rows[heads:]),
        num_heads=heads + more,
        muted=frozenset(map(moved, table.muted)),
        daggered=frozenset(map(moved, table.daggered)),
        bold=frozenset((moved(row), column) for row, column in table.bold),
    )


def _note(floors: Floors) -> str:
    said = (f"{name.lower()} {_values(found)}" for name, found in floors.items())
    return f"Without being taught: {'; '.join(said)}."


def _values(found: Mapping[str, float]) -> str:
    columns = {metric: metric_column(metric) for metric in found}
    return ", ".join(f"{columns[m].heading} {shown(v, columns[m])}" for m, v in found.items())

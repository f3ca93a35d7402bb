"""The same method with and without L1: the same adapter, recipe and search but for that."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.estimates.inference import Interval
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import Cell, Column, Estimate, Printed, Table
from orchestrator.reporting.tables.finals import estimate, final_line, finals_forgot_note
from orchestrator.reporting.tables.lines import (
    FEASIBLE,
    Line,
    assembled,
    forgot_columns,
    forgot_note,
)
from orchestrator.reporting.tables.pairs import Pair
from orchestrator.reporting.tables.search import search_line, unequal
from orchestrator.reporting.tables.shared_columns import (
    REPEAT,
    SETTING,
    metric_column,
    metric_heading,
    metric_names,
)
from orchestrator.results.ranking import trials_of
from trainers.settings import AdapterSettings


def ablation_table(record: SweepRecord, finals: Finals | None, pairs: Sequence[Pair]) -> Table:
    """Returns two rows for each pair: without L1, and with it and what it changes.

    The rows are those of the sweep's own table: finalists, or each method's best trial.
    """
    lines = [line for pair in pairs for line in _lines(record, finals, pair)]
    measured = [entry.result.metrics for entry in record.entries]
    known, others = metric_names(measured)
    objective = record.config.search.primary
    columns = [Column("Method"), Column("L1 searched"), Column("Label"), *SETTING]
    columns += [metric_column(name, explained=True) for name in (*known, *others)]
    columns += [FEASIBLE, *forgot_columns(record)]
    if finals is not None:
        columns += [
            Column("Difference", "z.3g", note=f"in {metric_heading(objective)}, with less without"),
            Column("p", ".3g", note="adjusted by Holm's method over all pairs of the sweep"),
            Column("Seeds", "d", printed=Printed.APART),
        ]
    columns += [Column("Trials", "d", printed=Printed.APART)]
    columns += [Column("Note", printed=Printed.APART), Column("Job", wide=True), REPEAT]
    return assembled(
        columns,
        lines,
        title=f"With and without L1 in the sweep {record.config.name}",
        notes=(_note(record, pairs), *record.by_hand, unequal(record), *record.gaps),
        dagger=forgot_note(record) if finals is None else finals_forgot_note(record),
    )


def _lines(record: SweepRecord, finals: Finals | None, pair: Pair) -> Iterator[Line]:
    for label, searched in ((pair.without, False), (pair.with_l1, True)):
        line = _line(record, finals, label)
        named: dict[str, Cell] = {"Method": pair.method, "Label": label, "L1 searched": searched}
        change = _change(record, finals, pair) if searched and finals is not None else {}
        yield {**line, **named, "Trials": len(trials_of(record.entries, label)), **change}


def _line(record: SweepRecord, finals: Finals | None, label: str) -> Line:
    return search_line(record, label) if finals is None else final_line(record, finals, label)


def _change(record: SweepRecord, finals: Finals, pair: Pair) -> Mapping[str, Cell]:
    """Returns by how much the objective changes with L1, if both have finalists."""
    for each in finals.comparisons:
        if each.metric != record.config.search.primary:
            continue
        if (each.first, each.second) == (pair.with_l1, pair.without):
            return {"Difference": estimate(each.difference), "p": each.p_value}
        if (each.first, each.second) == (pair.without, pair.with_l1):
            return {"Difference": _turned(each.difference), "p": each.p_value}
    return {}


def _turned(interval: Interval) -> Estimate:
    return Estimate(-interval.mean, -interval.high, -interval.low)


def _note(record: SweepRecord, pairs: Sequence[Pair]) -> str:
    counts = [
        tuple(len(trials_of(record.entries, label)) for label in (pair.without, pair.with_l1))
        for pair in pairs
    ]
    equal = all(without == with_l1 for without, with_l1 in counts)
    return (
        "The two of a pair have the same method, settings, learning rates, recipe and "
        f"{_tuned(record.config.adapter)}, "
        f"{'and as many trials' if equal else 'but not as many trials'}; with L1 "
        "the search has one parameter more."
    )


def _tuned(adapter: AdapterSettings | None) -> str:
    if adapter is None:
        return "tuning (all weights)"
    return f"adapter (rank {adapter.rank}, alpha {adapter.alpha:g})"

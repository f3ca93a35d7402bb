"""What a sweep came to: its tables and its figure, saved in its folder and shown to people."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from orchestrator.constraints import Bound
from orchestrator.reporting.figures.pareto import pareto_figure
from orchestrator.reporting.layout import Table, save, terminal_text
from orchestrator.reporting.ledger_table import inequality, ledger_table
from orchestrator.reporting.record import SweepRecord
from orchestrator.reporting.tables import method_table, pareto_table, trials_table
from orchestrator.storing.shortage import Hold

FIGURE = "pareto.png"


def summarise(
    record: SweepRecord,
    *,
    say: Callable[[str], None],
    hold: Hold,
) -> list[Path]:
    """Saves tables and figure, says the tables that people look at, and returns all files.

    `hold` makes a write as soon as there is room for it.
    """
    assert record.reference is not None
    search, bounds, folder = record.config.search, record.reference.bounds, record.folder
    tables = _tables(record, bounds)
    for name, table in tables.items():
        hold(partial(save, table, folder, name))
    hold(partial(pareto_figure, record.entries, search=search, bounds=bounds, folder=folder))
    say(f"\n{terminal_text(tables['table'])}")
    say(f"Pareto front:\n\n{terminal_text(tables['pareto'])}")
    say(f"Budgets:\n\n{terminal_text(tables['ledger'])}")
    say(f"Tables: {folder}/table.md, pareto.md, ledger.md, trials.csv; figure: {FIGURE}")
    return [
        *(folder / f"{name}.{kind}" for name in tables for kind in ("csv", "md")),
        folder / FIGURE,
    ]


def _tables(record: SweepRecord, bounds: Sequence[Bound]) -> dict[str, Table]:
    config, entries = record.config, record.entries
    trials = {label: config.num_trials(label) for label in config.methods}
    methods = method_table(entries, labels=list(trials), search=config.search, bounds=bounds)
    unequal = filter(None, [inequality(config, entries)])
    return {
        "table": replace(methods, notes=(*methods.notes, *unequal)),
        "pareto": pareto_table(entries, search=config.search),
        "trials": trials_table(entries),
        "ledger": ledger_table(config, entries, record.books, trials=trials),
    }

"""What a sweep came to: its tables and its figure, saved in its folder and shown to people."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from orchestrator.books import Books
from orchestrator.entry import Entry, Reference
from orchestrator.planning.plan import Plan
from orchestrator.reporting.figures.pareto import pareto_figure
from orchestrator.reporting.layout import Table, save, terminal_text
from orchestrator.reporting.ledger_table import inequality, ledger_table
from orchestrator.reporting.tables import method_table, pareto_table, trials_table
from orchestrator.storing.shortage import Hold

FIGURE = "pareto.png"


class Sweep(Protocol):
    """What a summary is made of, beside the entries."""

    @property
    def plan(self) -> Plan:
        """What was to be done."""
        ...

    @property
    def folder(self) -> Path:
        """Where tables and figure go."""
        ...

    @property
    def ledger(self) -> Books:
        """What was used."""
        ...


def summarise(
    sweep: Sweep,
    reference: Reference,
    entries: Sequence[Entry],
    *,
    say: Callable[[str], None],
    hold: Hold,
) -> list[Path]:
    """Saves tables and figure, says the tables that people look at, and returns all files.

    `hold` makes a write as soon as there is room for it.
    """
    search, bounds, folder = sweep.plan.config.search, reference.bounds, sweep.folder
    tables = _tables(sweep, reference, entries)
    for name, table in tables.items():
        hold(partial(save, table, folder, name))
    hold(partial(pareto_figure, entries, search=search, bounds=bounds, folder=folder))
    say(f"\n{terminal_text(tables['table'])}")
    say(f"Pareto front:\n\n{terminal_text(tables['pareto'])}")
    say(f"Budgets:\n\n{terminal_text(tables['ledger'])}")
    say(f"Tables: {folder}/table.md, pareto.md, ledger.md, trials.csv; figure: {FIGURE}")
    return [
        *(folder / f"{name}.{kind}" for name in tables for kind in ("csv", "md")),
        folder / FIGURE,
    ]


def _tables(sweep: Sweep, reference: Reference, entries: Sequence[Entry]) -> dict[str, Table]:
    config = sweep.plan.config
    trials = {method.label: method.trials for method in sweep.plan.methods}
    methods = method_table(
        entries, labels=list(config.methods), search=config.search, bounds=reference.bounds
    )
    unequal = filter(None, [inequality(config, entries)])
    return {
        "table": replace(methods, notes=(*methods.notes, *unequal)),
        "pareto": pareto_table(entries, search=config.search),
        "trials": trials_table(entries),
        "ledger": ledger_table(config, entries, sweep.ledger, trials=trials),
    }

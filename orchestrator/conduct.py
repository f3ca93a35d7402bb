"""Conducts a whole sweep: plan, baselines, search, tables."""

import os
from collections.abc import Callable
from pathlib import Path

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from orchestrator.agenda import Agenda, Entry
from orchestrator.config import SweepConfig
from orchestrator.layout import save, terminal_text
from orchestrator.plan import plan, render
from orchestrator.records import Storage
from orchestrator.search import MethodSearch
from orchestrator.tables import method_table, pareto_table, trials_table


def show_plan(config: SweepConfig) -> int:
    """Prints what the sweep would do."""
    benchmark = build_benchmark(config.benchmark)
    print(render(plan(config, benchmark, storage=Storage(config.folder))))
    return 0


def conduct(config: SweepConfig) -> int:
    """Runs the sweep to its end and returns the exit code."""
    from orchestrator.schedule import connect, run_agenda  # imports Ray

    benchmark = build_benchmark(config.benchmark)
    storage = Storage(config.folder)
    planned = plan(config, benchmark, storage=storage)
    print(render(planned))
    folder = storage.sweep_folder(config.name)
    entries: list[Entry] = []
    agenda = Agenda(
        config,
        benchmark,
        storage=storage,
        searches=_searches(config, folder),
        on_entry=lambda e: (entries.append(e), print(e.label, e.number, e.params, e.feasible, e.result.reason, e.result.metrics, round(e.result.wall_s,2), e.cached)),
    )
    connect()
    run_agenda(agenda, config.gang, folder=folder)
    if agenda.failure: print(agenda.failure); return 1
    table = method_table(entries, labels=list(config.methods), search=config.search, floor=agenda.reference.floor)
    print(terminal_text(table))
    return 0


def _searches(config: SweepConfig, folder: Path) -> dict[str, MethodSearch]:
    return {
        label: MethodSearch(
            label, space=config.space(label), settings=config.search, folder=folder, seed=config.seed
        )
        for label in config.methods
    }

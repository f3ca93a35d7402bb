"""Conducts a whole sweep: plan, baselines, search, tables; MLflow and a person look on."""

from functools import partial
from pathlib import Path

from evals.building import build_benchmark
from orchestrator.agenda import Agenda
from orchestrator.baselines import check_weights
from orchestrator.config import SweepConfig
from orchestrator.entry import Entry
from orchestrator.layout import Table, save, terminal_text
from orchestrator.plan import plan, render
from orchestrator.progress import Progress
from orchestrator.records import Storage
from orchestrator.search import MethodSearch
from orchestrator.tables import method_table, pareto_table, trials_table
from orchestrator.tracking import Tracker
from orchestrator.tracking_session import Place

DONE, FAILED = 0, 1


def show_plan(config: SweepConfig) -> int:
    """Prints what the sweep would do, and starts nothing."""
    benchmark = build_benchmark(config.benchmark)
    print(render(plan(config, benchmark, storage=Storage(config.folder))))
    return DONE


def conduct(config: SweepConfig) -> int:
    """Runs the sweep to its end, prints its tables and returns the exit code.

    Raises:
        ConfigError: something about the sweep cannot be run; nothing was started.
    """
    benchmark = build_benchmark(config.benchmark)
    storage = Storage(config.folder)
    say = partial(print, flush=True)
    say(render(plan(config, benchmark, storage=storage)))
    check_weights(config)
    folder = storage.sweep_folder(config.name)
    searches = _searches(config, folder)
    from orchestrator.schedule import connect, run_agenda  # imports Ray

    num_gangs = connect(config.gang)
    config_json = config.model_dump_json(indent=2)
    (folder / "config.json").write_text(config_json, encoding="utf-8")
    place = Place(config.name, folder, storage.root)
    tracker = Tracker.open(config.tracking, place, config_json=config_json)
    progress = Progress(say, labels=tuple(config.methods), search=config.search)
    entries: list[Entry] = []

    def on_entry(entry: Entry) -> None:
        entries.append(entry)
        progress.entry(entry)
        tracker.log_entry(entry, job_folder=storage.job_folder(entry.result.job.hash))

    agenda = Agenda(config, benchmark, storage=storage, searches=searches, on_entry=on_entry)
    progress.begin(config.name, gang=config.gang, num_gangs=num_gangs)
    finished = False
    try:
        run_agenda(agenda, config.gang, folder=folder, on_report=progress.report)
        finished = agenda.reference is not None
        _write_tables(config, agenda, entries, tracker=tracker, folder=folder)
    finally:
        tracker.close(finished=finished)
        for line in (tracker.complaint, tracker.how_to_open):
            if line:
                say(line)
    if agenda.failure is not None:
        say(f"lethe: {agenda.failure}")
    return DONE if finished else FAILED


def _searches(config: SweepConfig, folder: Path) -> dict[str, MethodSearch]:
    return {
        label: MethodSearch(
            label,
            space=config.space(label),
            settings=config.search,
            folder=folder,
            seed=config.seed,
        )
        for label in config.methods
    }


def _write_tables(
    config: SweepConfig, agenda: Agenda, entries: list[Entry], *, tracker: Tracker, folder: Path
) -> None:
    """Saves the tables, has them recorded, and prints the two that people look at."""
    if agenda.reference is None:
        return
    tables: dict[str, Table] = {
        "table": method_table(
            entries,
            labels=list(config.methods),
            search=config.search,
            floor=agenda.reference.floor,
        ),
        "pareto": pareto_table(entries, search=config.search),
        "trials": trials_table(entries),
    }
    paths = [path for name, table in tables.items() for path in save(table, folder, name)]
    tracker.log_tables(paths)
    print(f"\n{terminal_text(tables['table'])}")
    print(f"Pareto front:\n\n{terminal_text(tables['pareto'])}")
    print(f"Tables: {folder}/table.md, pareto.md, trials.csv")

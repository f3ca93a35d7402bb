"""Conducts a whole sweep: plan, baselines, search, tables; MLflow and a person look on."""

from functools import partial
from pathlib import Path

from evals.building import build_benchmark
from orchestrator.agenda import Agenda
from orchestrator.baselines import check_weights
from orchestrator.config import SweepConfig
from orchestrator.continuity import check_continues, write_config
from orchestrator.entry import Entry, Reference
from orchestrator.figures import pareto_figure
from orchestrator.layout import Table, save, terminal_text
from orchestrator.plan import Plan, plan, render
from orchestrator.progress import Progress
from orchestrator.records import Storage
from orchestrator.search import MethodSearch
from orchestrator.tables import method_table, pareto_table, trials_table
from orchestrator.tracking import Tracker
from orchestrator.tracking_session import Place

DONE, FAILED, INTERRUPTED = 0, 1, 130

_say = partial(print, flush=True)


def show_plan(config: SweepConfig) -> int:
    """Prints what the sweep would do, and starts nothing."""
    benchmark = build_benchmark(config.benchmark)
    _say(render(plan(config, benchmark, storage=Storage(config.folder))))
    return DONE


def conduct(config: SweepConfig) -> int:
    """Runs the sweep to its end, prints its tables and returns the exit code.

    Raises:
        ConfigError: something about the sweep cannot be run; nothing was started.
    """
    benchmark = build_benchmark(config.benchmark)
    storage = Storage(config.folder)
    planned = plan(config, benchmark, storage=storage)
    _say(render(planned))
    check_weights(config)
    check_continues(config, storage.root / "sweeps" / config.name)
    from orchestrator.schedule import connect  # imports Ray

    num_gangs = connect(config.gang)
    folder = storage.sweep_folder(config.name)
    place = Place(config.name, folder, storage.root)
    tracker = Tracker.open(config.tracking, place, config_json=write_config(config, folder))
    trials = {method.label: method.trials for method in planned.methods}
    progress = Progress(_say, trials=trials, search=config.search)
    progress.begin(config.name, gang=config.gang, num_gangs=num_gangs)
    code = FAILED
    try:
        code = _run(planned, storage=storage, tracker=tracker, progress=progress)
    finally:
        tracker.close(finished=code == DONE)
        for line in filter(None, (tracker.complaint, tracker.how_to_open)):
            _say(line)
    return code


def _run(planned: Plan, *, storage: Storage, tracker: Tracker, progress: Progress) -> int:
    """Runs the jobs, writes the tables of what came out, and returns the exit code."""
    from orchestrator.schedule import run_agenda

    config = planned.config
    entries: list[Entry] = []

    def on_entry(entry: Entry) -> None:
        entries.append(entry)
        assert agenda.reference is not None
        progress.entry(entry, bounds=agenda.reference.bounds)
        tracker.log_entry(entry, job_folder=storage.job_folder(entry.result.job.hash))

    folder = storage.sweep_folder(config.name)
    searches = _searches(config, folder)
    agenda = Agenda(
        config, planned.benchmark, storage=storage, searches=searches, on_entry=on_entry
    )
    agenda.begin_with(planned.past)
    try:
        run_agenda(agenda, config.gang, folder=folder, on_report=progress.report)
    finally:
        for search in searches.values():
            search.close()
    if agenda.reference is None:
        if agenda.failure is None:
            return _interrupted()
        _say(f"lethe: {agenda.failure}")
        return FAILED
    _write_tables(config, agenda.reference, entries, tracker=tracker, folder=folder)
    return DONE if agenda.complete else _interrupted()


def _interrupted() -> int:
    """Says how to go on; Tune, which an interrupt reaches first, has ended its trials."""
    _say("lethe: interrupted; run the same command again to go on")
    return INTERRUPTED


def _searches(config: SweepConfig, folder: Path) -> dict[str, MethodSearch]:
    return {
        label: MethodSearch(
            label,
            space=config.space(label),
            settings=config.search_for(label),
            folder=folder,
            seed=config.seed,
        )
        for label in config.methods
    }


def _write_tables(
    config: SweepConfig,
    reference: Reference,
    entries: list[Entry],
    *,
    tracker: Tracker,
    folder: Path,
) -> None:
    """Saves tables and figure, has them recorded, and prints the tables that people look at."""
    tables: dict[str, Table] = {
        "table": method_table(
            entries,
            labels=list(config.methods),
            search=config.search,
            bounds=reference.bounds,
        ),
        "pareto": pareto_table(entries, search=config.search),
        "trials": trials_table(entries),
    }
    paths = [path for name, table in tables.items() for path in save(table, folder, name)]
    figure = pareto_figure(entries, search=config.search, bounds=reference.bounds, folder=folder)
    tracker.log_tables([*paths, figure])
    _say(f"\n{terminal_text(tables['table'])}")
    _say(f"Pareto front:\n\n{terminal_text(tables['pareto'])}")
    _say(f"Tables: {folder}/table.md, pareto.md, trials.csv; figure: {figure.name}")

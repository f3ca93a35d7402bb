"""Conducts a whole sweep: plan, baselines, search, tables; MLflow and a person look on."""

import os
import shlex
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evals.building import build_benchmark
from orchestrator.agenda import Agenda
from orchestrator.baselines import check_weights
from orchestrator.config import SweepConfig
from orchestrator.continuity import check_continues, check_origin, config_text, write_config
from orchestrator.departure import Departure, Left
from orchestrator.entry import Entry, Reference
from orchestrator.figures import pareto_figure
from orchestrator.layout import Table, save, terminal_text
from orchestrator.lease import Lease
from orchestrator.ledger import Ledger
from orchestrator.ledger_table import inequality, ledger_table
from orchestrator.planning.outlook import Outlook, outlook
from orchestrator.planning.plan import Plan, plan, render
from orchestrator.progress import Progress
from orchestrator.records import Storage
from orchestrator.searching.search import MethodSearch
from orchestrator.tables import method_table, pareto_table, trials_table
from orchestrator.tracking import Tracker
from orchestrator.tracking_session import Place
from orchestrator.watch import SweepWatch
from trainers.job import Job, Report

if TYPE_CHECKING:  # imports Ray
    from cluster.nodes import Node

DONE, FAILED, NOTHING_FEASIBLE, INTERRUPTED = 0, 1, 3, 130

_say = partial(print, flush=True)


@dataclass(frozen=True, slots=True)
class _Sweep:
    """A sweep that may begin: everything about it was found in order, and its folder is held."""

    plan: Plan
    storage: Storage
    folder: Path
    ledger: Ledger
    tracker: Tracker
    progress: Progress

    @property
    def config(self) -> SweepConfig:
        return self.plan.config

    def close(self, *, finished: bool) -> None:
        """Ends all records, once."""
        self.ledger.close()
        self.tracker.close(finished=finished)


def show_plan(config: SweepConfig) -> int:
    """Prints what the sweep would do and take, and starts nothing.

    Raises:
        ConfigError: something about the sweep can never run.
    """
    storage = Storage(config.folder)
    _check_folder(config, storage.root / "sweeps" / config.name)
    planned = plan(config, build_benchmark(config.benchmark), storage=storage)
    _say(render(planned))
    _show(outlook(planned, storage=storage, nodes=_nodes()))
    return DONE


def conduct(config: SweepConfig, departure: Departure) -> int:
    """Runs the sweep to its end, prints its tables and returns the exit code.

    Raises:
        ConfigError: something about the sweep cannot be run; nothing was started.
    """
    with ExitStack() as held:
        sweep = _begin(config, departure, held)
        code = FAILED
        try:
            code = _run(sweep, departure)
        finally:
            sweep.close(finished=code in (DONE, NOTHING_FEASIBLE))
            for line in filter(None, (sweep.tracker.complaint, sweep.tracker.how_to_open)):
                _say(line)
    return code


def _begin(config: SweepConfig, departure: Departure, held: ExitStack) -> _Sweep:
    """Checks everything that a person can get wrong, in the order of what it costs."""
    storage = Storage(config.folder)
    folder = storage.root / "sweeps" / config.name
    lease = held.enter_context(Lease(folder)) if folder.is_dir() else None
    _check_folder(config, folder)
    planned = plan(config, build_benchmark(config.benchmark), storage=storage)
    _say(render(planned))
    check_weights(config)
    storage.check_writable(config.name)
    place = Place(config.name, folder, storage.root)
    Tracker.check(config.tracking, place)
    from cluster.nodes import connected_nodes  # imports Ray
    from orchestrator.schedule import connect

    num_gangs = connect(config.gang)
    departure.listen()  # Ray has taken SIGTERM for itself
    _show(outlook(planned, storage=storage, nodes=connected_nodes()))
    lease = lease or held.enter_context(Lease(storage.sweep_folder(config.name)))
    _check_folder(config, folder)
    tracker = Tracker.open(config.tracking, place, config_json=config_text(config))
    write_config(config, folder)
    ledger = _ledger(config, folder, last_alive=lease.last_alive)
    trials = {method.label: method.trials for method in planned.methods}
    progress = Progress(_say, trials=trials, search=config.search)
    progress.begin(config.name, gang=config.gang, num_gangs=num_gangs)
    return _Sweep(planned, storage, folder, ledger, tracker, progress)


def _show(found: Outlook) -> None:
    """Prints all that can be said, and only then refuses what can never run."""
    _say(f"\n{found.text}")
    if found.refusal is not None:
        raise found.refusal


def _nodes() -> "tuple[Node, ...]":
    """Returns the nodes of the cluster that RAY_ADDRESS names, or else this machine."""
    from cluster.nodes import connected_nodes, this_machine  # imports Ray

    if not os.environ.get("RAY_ADDRESS"):
        return (this_machine(),)
    from orchestrator.schedule import join

    join()
    return connected_nodes()


def _check_folder(config: SweepConfig, folder: Path) -> None:
    check_origin(folder)
    check_continues(config, folder)


def _ledger(config: SweepConfig, folder: Path, *, last_alive: float | None) -> Ledger:
    gang = config.gang
    return Ledger(
        folder,
        gang_cpus=gang.ranks * gang.cpus_per_rank,
        gang_gpus=gang.ranks * gang.gpus_per_rank,
        budget=config.budget,
        last_alive=last_alive,
    )


def _run(sweep: _Sweep, departure: Departure) -> int:
    """Runs the jobs, writes the tables of what came out, and returns the exit code."""
    from orchestrator.schedule import run_agenda

    config, entries = sweep.config, list[Entry]()

    def on_entry(entry: Entry) -> None:
        entries.append(entry)
        assert agenda.reference is not None
        sweep.progress.entry(entry, bounds=agenda.reference.bounds)
        sweep.tracker.log_entry(entry, job_folder=sweep.storage.job_folder(entry.result.job.hash))

    def on_report(job: Job, report: Report) -> None:
        sweep.ledger.hear(job.hash)
        sweep.progress.report(job, report)

    searches = _searches(config, sweep.folder)
    agenda = Agenda(
        config,
        sweep.plan.benchmark,
        storage=sweep.storage,
        searches=searches,
        ledger=sweep.ledger,
        on_entry=on_entry,
    )
    agenda.begin_with(sweep.plan.past)
    on_leave = partial(sweep.close, finished=False)
    watch = SweepWatch(agenda, sweep.ledger, departure, say=_say, on_leave=on_leave)
    try:
        with departure.deferred():
            run_agenda(
                agenda,
                config.gang,
                folder=sweep.folder,
                on_report=on_report,
                watch=watch,
                say=_say,
            )
    except Left:
        _report(sweep, agenda.reference, entries)
        return _interrupted(sweep.folder)
    finally:
        for search in searches.values():
            search.close()
    sweep.tracker.log_tables(_report(sweep, agenda.reference, entries))
    return _outcome(sweep, agenda, entries)


def _outcome(sweep: _Sweep, agenda: Agenda, entries: list[Entry]) -> int:
    """Says what the sweep came to, where its tables do not, and returns the exit code."""
    if agenda.failure is not None:
        _say(f"lethe: {agenda.failure}")
        return FAILED
    if not agenda.complete:
        return _interrupted(sweep.folder)
    if (limit := sweep.ledger.limit) is not None:
        _say(f"lethe: {limit} is used up; raise it and run the same command to go on")
    if any(entry.feasible for entry in entries):
        return DONE
    _say("lethe: the budget has ended and no trial is feasible")
    return NOTHING_FEASIBLE


def _interrupted(folder: Path) -> int:
    """Says how to go on; Tune has ended its trials."""
    go_on = [sys.executable, "-m", "orchestrator.sweep", "--resume", str(folder)]
    _say(f"lethe: interrupted; run the same command again to go on, or {shlex.join(go_on)}")
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


def _report(sweep: _Sweep, reference: Reference | None, entries: list[Entry]) -> list[Path]:
    """Saves tables and figure, prints the tables that people look at, and returns all files."""
    if reference is None:
        return []
    tables = _tables(sweep, reference, entries)
    folder = sweep.folder
    paths = [path for name, table in tables.items() for path in save(table, folder, name)]
    search, bounds = sweep.config.search, reference.bounds
    figure = pareto_figure(entries, search=search, bounds=bounds, folder=folder)
    _say(f"\n{terminal_text(tables['table'])}")
    _say(f"Pareto front:\n\n{terminal_text(tables['pareto'])}")
    _say(f"Budgets:\n\n{terminal_text(tables['ledger'])}")
    _say(f"Tables: {folder}/table.md, pareto.md, ledger.md, trials.csv; figure: {figure.name}")
    return [*paths, figure]


def _tables(sweep: _Sweep, reference: Reference, entries: list[Entry]) -> dict[str, Table]:
    config = sweep.config
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

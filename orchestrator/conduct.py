"""Conducts a whole sweep: plan, baselines, search, tables; MLflow and a person look on."""

import os
import shlex
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evals.building import build_benchmark
from orchestrator.agenda import Agenda
from orchestrator.baselines import check_weights
from orchestrator.config import SweepConfig
from orchestrator.continuity import check_continues, check_origin, config_text, write_config
from orchestrator.departure import Departure, Left
from orchestrator.entry import Entry
from orchestrator.lease import Lease
from orchestrator.ledger import Ledger
from orchestrator.planning.outlook import Outlook, outlook
from orchestrator.planning.plan import Plan, plan, render
from orchestrator.progress import Progress
from orchestrator.reporting.summary import summarise
from orchestrator.result import Result
from orchestrator.searching.opening import close_searches, open_searches
from orchestrator.storing.courier import Courier
from orchestrator.storing.fetching import fetch_model, fetched
from orchestrator.storing.quota import Quota
from orchestrator.storing.records import Storage
from orchestrator.storing.shortage import Hold, OutOfRoom, Shortage
from orchestrator.tracking.session import Place
from orchestrator.tracking.tracker import Tracker
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
    courier: Courier | None

    @property
    def config(self) -> SweepConfig:
        return self.plan.config

    def close(self, *, finished: bool) -> None:
        """Ends all records, once."""
        with suppress(OutOfRoom):  # the next run closes the ledger as that of one that was killed
            self.ledger.close()
        self.tracker.close(finished=finished)
        complaint = self.courier.close() if self.courier is not None else None
        if complaint is not None:
            _say(f"lethe: {complaint}")

    def forget_adapter(self, job_hash: str) -> None:
        """Has an adapter that was removed forgotten wherever else it is."""
        self.tracker.forget_adapter(job_hash)
        if self.courier is not None:
            self.courier.forget_adapter(job_hash)

    def log(self, entry: Entry) -> None:
        """Has a finished job recorded wherever else it shall be."""
        job_hash = entry.result.job.hash
        self.tracker.log_entry(entry, job_folder=self.storage.job_folder(job_hash))
        if not entry.cached:
            self.bring(entry.result)

    def bring(self, result: Result) -> None:
        """Has what a job has just come to brought to the URL, if there is one."""
        if self.courier is not None:
            self.courier.job(result.job.hash)


def show_plan(config: SweepConfig) -> int:
    """Prints what the sweep would do and take, and starts nothing.

    Raises:
        ConfigError: something about the sweep can never run.
    """
    storage = Storage(config.folder)
    fetched(config)
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
        except OutOfRoom as full:
            _say(f"lethe: {full}; {_how_to_go_on(sweep)}")
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
    mirror = fetched(config)
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
    fetch_model(mirror, planned)
    tracker = Tracker.open(config.tracking, place, config_json=config_text(config))
    write_config(config, folder)
    courier = Courier(mirror, config.name, say=_say) if mirror is not None else None
    ledger = _ledger(config, folder, last_alive=lease.last_alive)
    trials = {method.label: method.trials for method in planned.methods}
    progress = Progress(_say, trials=trials, search=config.search)
    progress.begin(config.name, gang=config.gang, num_gangs=num_gangs)
    return _Sweep(planned, storage, folder, ledger, tracker, progress, courier)


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

    config, forget = sweep.config, sweep.forget_adapter
    quota = Quota(config, sweep.storage, sweep.ledger, say=_say, on_removed=forget)
    shortage = _shortage(sweep, quota, departure)

    def on_entry(entry: Entry) -> None:
        assert agenda.reference is not None
        quota.enter(entry, bounds=agenda.reference.bounds)
        sweep.progress.entry(entry, bounds=agenda.reference.bounds)
        sweep.log(entry)
        if not entry.cached:
            shortage.end()
            quota.keep()

    def on_report(job: Job, report: Report) -> None:
        sweep.ledger.hear(job.hash)
        sweep.progress.report(job, report)

    searches = open_searches(config, sweep.folder)
    sweep.ledger.be_patient(shortage.wait)
    for search in searches.values():
        search.be_patient(shortage.wait)
    agenda = Agenda(
        config,
        sweep.plan.benchmark,
        storage=sweep.storage,
        searches=searches,
        ledger=sweep.ledger,
        on_entry=on_entry,
    )
    agenda.begin_with(sweep.plan.past)
    agenda.tell_of_baselines(sweep.bring)
    summary = partial(_summary, sweep, agenda, quota, hold=shortage.hold)

    def on_leave() -> None:
        close_searches(searches.values())
        with suppress(OutOfRoom):
            sweep.ledger.close()
            summary()
        sweep.close(finished=False)

    watch = SweepWatch(agenda, sweep.ledger, departure, shortage, say=_say, on_leave=on_leave)
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
        return _interrupted(sweep)
    finally:
        close_searches(searches.values())
    quota.keep()
    sweep.tracker.log_tables(summary())
    return _outcome(sweep, agenda, quota.entries)


def _shortage(sweep: _Sweep, quota: Quota, departure: Departure) -> Shortage:
    return Shortage(
        sweep.storage.root,
        patience_s=sweep.config.disk.patience_s,
        relieve=quota.relieve,
        say=_say,
        may_wait=lambda: not departure.wished,
    )


def _summary(sweep: _Sweep, agenda: Agenda, quota: Quota, *, hold: Hold) -> list[Path]:
    if agenda.reference is None:
        return []
    return summarise(sweep, agenda.reference, quota.entries, say=_say, hold=hold)


def _outcome(sweep: _Sweep, agenda: Agenda, entries: list[Entry]) -> int:
    """Says what the sweep came to, where its tables do not, and returns the exit code."""
    if agenda.failure is not None:
        _say(f"lethe: {agenda.failure}")
        return FAILED
    if not agenda.complete:
        return _interrupted(sweep)
    if (limit := sweep.ledger.limit) is not None:
        _say(f"lethe: {limit} is used up; raise it and run the same command to go on")
    if any(entry.feasible for entry in entries):
        return DONE
    _say("lethe: the budget has ended and no trial is feasible")
    return NOTHING_FEASIBLE


def _interrupted(sweep: _Sweep) -> int:
    """Says how to go on; Tune has ended its trials."""
    _say(f"lethe: interrupted; {_how_to_go_on(sweep)}")
    return INTERRUPTED


def _how_to_go_on(sweep: _Sweep) -> str:
    go_on = [sys.executable, "-m", "orchestrator.sweep", "--resume", str(sweep.folder)]
    return f"run the same command again to go on, or {shlex.join(go_on)}"

"""Conducts a whole sweep: plan, baselines, search, tables; MLflow and a person look on."""

import os
import shlex
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evals.building import build_benchmark
from evals.errors import OutOfReach
from orchestrator.config.resume import check_continues, check_origin, config_text, write_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.context import SweepContext
from orchestrator.driver.progress import Progress
from orchestrator.driver.run import SweepRun
from orchestrator.driver.signals import Interrupted, StopSignals
from orchestrator.jobs.checkpoints import check_weights
from orchestrator.jobs.finalists import num_finalists
from orchestrator.limits.full_disk import OutOfRoom, Relief, Shortage
from orchestrator.limits.ledger import Ledger
from orchestrator.planning.estimate import Outlook, outlook
from orchestrator.planning.plan import Plan, plan
from orchestrator.planning.plan_text import render
from orchestrator.remote.download import fetch_model, pulled
from orchestrator.remote.mirror import Mirror
from orchestrator.remote.uploader import Uploader
from orchestrator.results.ranking import sweep_front
from orchestrator.storage.lock import FolderLock
from orchestrator.storage.members import Members, read_members
from orchestrator.storage.records import Storage
from orchestrator.tracking.session import Place
from orchestrator.tracking.tracker import Tracker
from trainers.job import Phase

if TYPE_CHECKING:  # imports Ray
    from cluster.nodes import Node

DONE, FAILED, NOTHING_FEASIBLE, INTERRUPTED = 0, 1, 3, 130

_say = partial(print, flush=True)


def show_plan(config: SweepConfig) -> int:
    """Prints what the sweep would do and take, and starts nothing.

    Raises:
        ConfigError: something about the sweep can never run.
    """
    storage = Storage(config.folder)
    _mirror(config)
    _check_folder(config, storage.sweep_path(config.name))
    planned = plan(config, build_benchmark(config.benchmark), storage=storage)
    _say(render(planned))
    unchecked = _unchecked(config)
    storage.check_writable(config.name)
    _show(outlook(planned, storage=storage, nodes=_nodes()), unchecked=unchecked)
    return DONE


def _unchecked(config: SweepConfig) -> str:
    """Checks the weights; returns what of them nobody can tell here for want of a network."""
    try:
        check_weights(config)
    except OutOfReach as error:
        return str(error)
    return ""


def conduct(config: SweepConfig, signals: StopSignals) -> int:
    """Runs the sweep to its end, prints its tables and returns the exit code.

    Raises:
        ConfigError: something about the sweep cannot be run; nothing was started.
    """
    with ExitStack() as held:
        try:
            return _run_to_end(_begin(config, signals, held), signals)
        except OutOfRoom as full:
            folder = Storage(config.folder).sweep_path(config.name)
            _say(f"lethe: {full}; {_how_to_go_on(folder)}")
            return FAILED


def _run_to_end(sweep: SweepContext, signals: StopSignals) -> int:
    """Runs the sweep, ends its records whatever happens, and returns the exit code."""
    code = FAILED
    try:
        code = _run(sweep, signals)
    except OutOfRoom as full:
        _say(f"lethe: {full}; {_how_to_go_on(sweep.folder)}")
    finally:
        sweep.close(finished=code in (DONE, NOTHING_FEASIBLE))
        for line in filter(None, (sweep.tracker.complaint, sweep.tracker.how_to_open)):
            _say(line)
    return code


def _begin(config: SweepConfig, signals: StopSignals, held: ExitStack) -> SweepContext:
    """Checks everything that a person can get wrong, in the order of what it costs."""
    storage = Storage(config.folder)
    folder = storage.sweep_path(config.name)
    lock = held.enter_context(FolderLock(folder)) if folder.is_dir() else None
    mirror = _mirror(config)
    _check_folder(config, folder)
    planned = plan(config, build_benchmark(config.benchmark), storage=storage)
    _say(render(planned))
    check_weights(config)
    storage.check_writable(config.name)
    place = Place(config.name, folder, storage.root)
    Tracker.check(config.tracking, place)
    from cluster.nodes import connected_nodes  # imports Ray
    from orchestrator.running.ray_connection import connect

    num_gangs = connect(config.gang)
    signals.listen()  # Ray has taken SIGTERM for itself
    _show(outlook(planned, storage=storage, nodes=connected_nodes()))
    lock = lock or held.enter_context(FolderLock(storage.sweep_folder(config.name)))
    _check_folder(config, folder)
    fetch_original(mirror, planned)
    tracker = Tracker.open(config.tracking, place, config_json=config_text(config))
    write_config(config, folder)
    sweep = open_sweep(
        planned,
        storage,
        tracker=tracker,
        uploader=Uploader(mirror, config.name, say=_say) if mirror is not None else None,
        signals=signals,
        last_alive=lock.last_alive,
    )
    sweep.progress.begin(config.name, gang=config.gang, num_gangs=num_gangs)
    return sweep


def open_sweep(
    planned: Plan,
    storage: Storage,
    *,
    tracker: Tracker,
    uploader: Uploader | None,
    signals: StopSignals,
    last_alive: float | None = None,
) -> SweepContext:
    """Opens all that the sweep is recorded in, in its folder, and returns it.

    Raises:
        OutOfRoom: the disk has no room for a line, and none was made while it was waited for.
    """
    config, folder = planned.config, storage.sweep_folder(planned.config.name)
    relief = Relief()
    shortage = Shortage(
        storage.root,
        patience_s=config.disk.patience_s,
        relieve=relief,
        say=_say,
        may_wait=lambda: not signals.wished,
    )
    budget, wait = config.budget, shortage.wait
    ledger = Ledger(folder, gang=config.gang, budget=budget, last_alive=last_alive, wait=wait)
    progress = Progress(
        _say,
        trials={method.label: method.trials for method in planned.methods},
        search=config.search,
        num_baselines=len(planned.baselines),
        num_finals=num_finalists(config),
    )
    return SweepContext(
        planned,
        storage,
        folder,
        relief,
        shortage,
        ledger,
        Members(folder, wait=wait),
        tracker,
        progress,
        uploader,
        say=_say,
    )


def _mirror(config: SweepConfig) -> Mirror | None:
    """Fetches the sweep's folder and all results, and returns the mirror; None without a URL."""
    if isinstance(config.storage, Path):
        return None
    return pulled(config.storage, config.folder, config.name)


def fetch_original(mirror: Mirror | None, planned: Plan) -> None:
    """Fetches the model that trials start from, if it was trained and is finished.

    Of the gold model they need its scores only.

    Raises:
        ConfigError: the URL cannot be reached any more, or the cache has no room for it.
    """
    if mirror is None:
        return
    for baseline in planned.baselines:
        if baseline.job.phase == Phase.ORIGINAL and baseline.finished and baseline.num_steps:
            fetch_model(mirror, baseline.job.hash)


def _show(found: Outlook, *, unchecked: str = "") -> None:
    """Prints all that can be said, and only then refuses what can never run."""
    _say(f"\n{found.text}")
    if unchecked:
        _say(f"Not checked, as it is out of reach: {unchecked}")
    if found.refusal is not None:
        raise found.refusal


def _nodes() -> "tuple[Node, ...]":
    """Returns the nodes of the cluster that RAY_ADDRESS names, or else this machine."""
    from cluster.nodes import connected_nodes, this_machine  # imports Ray

    if not os.environ.get("RAY_ADDRESS"):
        return (this_machine(),)
    from orchestrator.running.ray_connection import join

    join()
    return connected_nodes()


def _check_folder(config: SweepConfig, folder: Path) -> None:
    check_origin(folder)
    check_continues(config, folder)
    read_members(folder)  # what cannot be read is refused here


def _run(sweep: SweepContext, signals: StopSignals) -> int:
    """Runs the jobs, has the tables recorded, and returns the exit code."""
    run = SweepRun(sweep, signals)
    try:
        files = run.run()
    except Interrupted:
        return _interrupted(sweep)
    front = sweep_front(run.entries, search=sweep.config.search)
    sweep.tracker.mark_front(entry.result.job.hash for entry in front)
    sweep.tracker.log_files(files)
    return _outcome(sweep, run)


def _outcome(sweep: SweepContext, run: SweepRun) -> int:
    """Says what the sweep came to, where its tables do not, and returns the exit code."""
    if run.failure is not None:
        _say(f"lethe: {run.failure}")
        return FAILED
    if not run.complete:
        return _interrupted(sweep)
    if (limit := sweep.ledger.limit) is not None:
        _say(f"lethe: {limit} is used up; raise it and run the same command to go on")
    if any(entry.feasible for entry in run.entries):
        return DONE
    _say("lethe: the budget has ended and no trial is feasible")
    return NOTHING_FEASIBLE


def _interrupted(sweep: SweepContext) -> int:
    """Says how to go on; Tune has ended its trials."""
    _say(f"lethe: interrupted; {_how_to_go_on(sweep.folder)}")
    return INTERRUPTED


def _how_to_go_on(folder: Path) -> str:
    go_on = [sys.executable, "-m", "orchestrator.sweep", "--resume", str(folder)]
    return f"run the same command again to go on, or {shlex.join(go_on)}"

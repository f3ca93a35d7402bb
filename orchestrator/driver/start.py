"""How a sweep starts: all that a person can get wrong is checked, and its records are opened."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evals.building import build_benchmark
from orchestrator.config.resume import (
    check_continues,
    check_origin,
    config_text,
    held_gang,
    write_config,
)
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.context import SweepContext
from orchestrator.driver.program import FAILED, INTERRUPTED
from orchestrator.driver.progress import Progress
from orchestrator.driver.signals import StopSignals
from orchestrator.jobs.finalists import num_finalists
from orchestrator.jobs.shadows import num_shadows
from orchestrator.limits.full_disk import DiskFullMonitor, SpaceSources
from orchestrator.limits.ledger import Ledger
from orchestrator.limits.steering import given_trials, planned_trials
from orchestrator.limits.usage import read_lines
from orchestrator.planning.estimate import SweepEstimate, estimate_sweep
from orchestrator.planning.model_check import check_model_for
from orchestrator.planning.plan import Plan, plan
from orchestrator.planning.plan_text import render
from orchestrator.remote.download import fetch_model, pulled
from orchestrator.remote.mirror import Mirror
from orchestrator.remote.uploader import Uploader
from orchestrator.storage.files import JOURNAL, LEDGER_FILE, job_path
from orchestrator.storage.inspection import check_model, set_aside, set_aside_damaged
from orchestrator.storage.lock import FolderLock
from orchestrator.storage.members import Members, read_members
from orchestrator.storage.records import Storage
from orchestrator.storage.result_file import Damaged
from orchestrator.storage.sweep_identity import check_identity
from orchestrator.storage.sweep_lines import LOST_LINES, check_journal, files_with_lost_lines
from orchestrator.tracking.session import Place
from orchestrator.tracking.tracker import Tracker
from trainers.job import MODEL, Phase

if TYPE_CHECKING:  # imports Ray
    from cluster.nodes import Node

_say = partial(print, flush=True)


@dataclass(frozen=True, slots=True)
class PlannedSweep:
    """A plan with the storage it was made over, and the mirror of that, if it is kept at a URL."""

    plan: Plan
    storage: Storage
    mirror: Mirror | None


def planned_sweep(config: SweepConfig, *, mend: bool = False) -> PlannedSweep:
    """Fetches what there is of a sweep, checks that it may go on, and says what it would do.

    With `mend`, results that are not as they were written are put aside.

    Raises:
        ConfigError: something about the sweep can never run.
    """
    storage = Storage(config.folder)
    mirror = None
    if not isinstance(config.storage, Path):
        mirror = pulled(config.storage, config.folder, config.name)
        for job_hash, name in mirror.damaged.items():
            there = f"{mirror.url}/{job_path(job_hash, str(name))}"
            _say(f"lethe: {there} is not as it was written; the job {job_hash} runs again")
    check_folder(config, storage.sweep_path(config.name))
    if mend:
        set_aside_damaged(storage, say=_say)
    benchmark = build_benchmark(config.benchmark)
    planned = plan(config, benchmark, storage=storage)
    if mend and set_aside_changed_original(planned, storage):
        planned = plan(config, benchmark, storage=storage)
    _say(render(planned))
    return PlannedSweep(planned, storage, mirror)


def set_aside_changed_original(planned: Plan, storage: Storage) -> bool:
    """Puts the original's result aside if the weights that trials start from have changed.

    Weights that are not here are not looked at: they may be at the URL of the storage. Returns
    whether it was put aside.
    """
    for baseline in planned.baselines:
        job, folder = baseline.job, storage.job_folder(baseline.job.hash)
        trained = job.phase == Phase.ORIGINAL and baseline.finished and baseline.num_steps
        if not trained or not (folder / MODEL).is_dir():
            continue
        try:
            check_model(storage, job.hash)
        except Damaged as error:
            set_aside(folder, error, say=_say)
            return True
    return False


def check_folder(config: SweepConfig, folder: Path) -> None:
    """Refuses a sweep's folder that `config` cannot go on with.

    Raises:
        ConfigError: another version or another sweep began it, or it cannot be read.
    """
    check_origin(folder)
    check_continues(config, folder)
    read_members(folder)  # what cannot be read is refused here
    read_lines(folder / LEDGER_FILE)
    check_journal(folder / JOURNAL)
    check_identity(folder, may_be_elsewhere=not isinstance(config.storage, Path))


def estimated(found: PlannedSweep, *, nodes: "Sequence[Node]") -> SweepEstimate:
    """Returns what the sweep takes of `nodes`, in gangs like those that it was begun with.

    Raises:
        ConfigError: what it was begun with cannot be read.
    """
    config = found.plan.config
    held = held_gang(config, found.storage.sweep_path(config.name)) if config.gang.auto else None
    return estimate_sweep(found.plan, storage=found.storage, nodes=nodes, held=held)


def show(found: SweepEstimate, *, unchecked: str = "") -> None:
    """Prints all that can be said, and only then refuses what can never run.

    Raises:
        ConfigError: the sweep can never run.
    """
    _say(f"\n{found.text}")
    if unchecked:
        _say(f"Not checked, as it is out of reach: {unchecked}")
    if found.refusal is not None:
        raise found.refusal


def start(
    config: SweepConfig, signals: StopSignals, held: ExitStack, *, begun: float
) -> SweepContext:
    """Checks everything that a person can get wrong, in the order of what it costs.

    The lock of the sweep's folder and the connection to Ray are among what is `held`. The command
    was given at the time `begun`.

    Raises:
        ConfigError: something about the sweep cannot be run; nothing was started.
        OutOfRoom: the disk has no room for a line, and none was made while it was waited for.
    """
    folder = Storage(config.folder).sweep_path(config.name)
    lock = held.enter_context(FolderLock(folder)) if folder.is_dir() else None
    found = planned_sweep(config, mend=True)
    storage = found.storage
    _say("Checking the model, the storage and the tracking store")
    check_model_for(found.plan)
    storage.check_writable(config.name)
    place = Place(config.name, folder, storage.root)
    Tracker.check(config.tracking, place)
    from cluster.nodes import connected_nodes  # imports Ray
    from orchestrator.running.ray_connection import join, leave

    held.callback(lambda: leave(code_if_stuck=INTERRUPTED if signals.wished else FAILED))
    _say("Connecting to Ray" if os.environ.get("RAY_ADDRESS") else "Starting Ray on this machine")
    with signals.deferred():  # a Ray that is left half started can crash this process at its end
        join()
    signals.check()
    estimate = estimated(found, nodes=connected_nodes())
    show(estimate)
    planned = found.plan.on(estimate.gang)
    config = planned.config
    lock = lock or held.enter_context(FolderLock(storage.sweep_folder(config.name)))
    check_folder(config, folder)
    for name in files_with_lost_lines(folder):
        _say(f"lethe: {folder / name} {LOST_LINES}; what is in storage is taken down again")
    if found.mirror is not None:
        fetch_original(found.mirror, planned)
    tracker = Tracker.open(config.tracking, place, config_json=config_text(config))
    write_config(config, folder)
    sweep = open_sweep(
        planned,
        storage,
        tracker=tracker,
        uploader=Uploader(found.mirror, config.name, say=_say) if found.mirror else None,
        signals=signals,
        last_alive=lock.last_alive,
    )
    sweep.progress.begin(
        config.name,
        gang=config.gang,
        num_gangs=estimate.num_gangs,
        num_shadows=num_shadows(config),
        begun=begun,
    )
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
    space_sources = SpaceSources()
    full_disk = DiskFullMonitor(
        storage.root,
        patience_s=config.disk.patience_s,
        free_space=space_sources,
        say=_say,
        may_wait=lambda: not signals.wished,
    )
    budget, wait = config.budget, full_disk.wait
    ledger = Ledger(folder, gang=config.gang, budget=budget, last_alive=last_alive, wait=wait)
    steering = ledger.steering
    for note in steering.notes(planned_trials(config)):
        _say(note)
    if steering.paused:
        _say(f"lethe: the sweep is paused; python -m orchestrator.control {folder} resume goes on")
    progress = Progress(
        _say,
        trials=given_trials(config, steering),
        search=config.search,
        num_baselines=len(planned.baselines),
        num_finals=num_finalists(config),
    )
    return SweepContext(
        planned,
        storage,
        folder,
        space_sources,
        full_disk,
        ledger,
        Members(folder, wait=wait),
        tracker,
        progress,
        uploader,
        say=_say,
    )


def fetch_original(mirror: Mirror, planned: Plan) -> None:
    """Fetches the model that trials start from, if it was trained and is finished.

    Of the gold model they need its scores only.

    Raises:
        ConfigError: the URL cannot be reached any more, or the cache has no room for it.
    """
    for baseline in planned.baselines:
        if baseline.job.phase == Phase.ORIGINAL and baseline.finished and baseline.num_steps:
            fetch_model(mirror, baseline.job.hash)

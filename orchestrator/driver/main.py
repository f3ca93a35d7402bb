"""Conducts a whole sweep from its start to its exit code, or shows its plan alone."""

import os
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from cluster.connection_watch import ClusterLost
from evals.errors import OutOfReach
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.context import SweepContext, how_to_go_on
from orchestrator.driver.program import DONE, FAILED, INTERRUPTED
from orchestrator.driver.run import SweepRun
from orchestrator.driver.signals import Interrupted, StopSignals
from orchestrator.driver.start import estimated, planned_sweep, show, start
from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.planning.model_check import check_model_for
from orchestrator.planning.plan import Plan
from orchestrator.reporting.estimates.chance import with_chance
from orchestrator.results.ranking import sweep_front
from orchestrator.storage.records import Storage

if TYPE_CHECKING:  # imports Ray
    from cluster.nodes import Node

NOTHING_FEASIBLE = 3

_say = partial(print, flush=True)


def show_plan(config: SweepConfig) -> int:
    """Prints what the sweep would do and take, and starts nothing.

    Raises:
        ConfigError: something about the sweep can never run.
    """
    found = planned_sweep(config)
    unchecked = _unchecked(found.plan)
    found.storage.check_writable(config.name)
    show(estimated(found, nodes=_nodes()), unchecked=unchecked)
    return DONE


def _unchecked(plan: Plan) -> str:
    """Checks the model; returns what of it nobody can tell here for want of a network."""
    try:
        check_model_for(plan)
    except OutOfReach as error:
        return str(error)
    return ""


def conduct(config: SweepConfig, signals: StopSignals, *, begun: float | None = None) -> int:
    """Runs the sweep to its end, prints its tables and returns the exit code.

    The command was given at the time `begun`, or just now.

    Raises:
        ConfigError: something about the sweep cannot be run; nothing was started.
    """
    with ExitStack() as held:
        try:
            begun = time.monotonic() if begun is None else begun
            return _run_to_end(start(config, signals, held, begun=begun), signals)
        except OutOfRoom as full:
            folder = Storage(config.folder).sweep_path(config.name)
            _say(f"lethe: {full}; {how_to_go_on(folder)}")
            return FAILED


def _run_to_end(sweep: SweepContext, signals: StopSignals) -> int:
    """Runs the sweep, ends its records whatever happens, and returns the exit code."""
    code = FAILED
    try:
        code = _run(sweep, signals)
    except (OutOfRoom, ClusterLost) as ended:
        _say(f"lethe: {ended}; {how_to_go_on(sweep.folder)}")
    finally:
        sweep.close(finished=code in (DONE, NOTHING_FEASIBLE))
        for line in filter(None, (sweep.tracker.complaint, sweep.tracker.how_to_open)):
            _say(line)
    return code


def _nodes() -> "tuple[Node, ...]":
    """Returns the nodes of the cluster that RAY_ADDRESS names, or else this machine."""
    from cluster.nodes import connected_nodes, this_machine  # imports Ray

    if not os.environ.get("RAY_ADDRESS"):
        return (this_machine(),)
    from orchestrator.running.ray_connection import join

    join()
    return connected_nodes()


def _run(sweep: SweepContext, signals: StopSignals) -> int:
    """Runs the jobs, has the tables recorded, and returns the exit code."""
    run = SweepRun(sweep, signals)
    try:
        files = run.run()
    except Interrupted:
        return _interrupted(sweep)
    front = sweep_front(with_chance(run.record()).entries, search=sweep.config.search)
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
    _say(f"lethe: interrupted; {how_to_go_on(sweep.folder)}")
    return INTERRUPTED

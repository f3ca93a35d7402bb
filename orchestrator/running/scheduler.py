"""Schedules a queue's jobs over the Ray cluster with Ray Tune, in warm gangs."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ray import tune
from ray.exceptions import RayError
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler

from cluster.capacity import CapacityWatch
from cluster.connection_watch import ClusterLost, ConnectionWatch
from orchestrator.config.gang import GangSettings
from orchestrator.running.kept_gangs import KeptGangs
from orchestrator.running.ray_connection import abandon, watched
from orchestrator.running.searcher import QueueSearcher, TicketSource
from orchestrator.running.trainable import JobTrainable
from orchestrator.running.workers import shape_of
from orchestrator.storage.files import SCHEDULER_FOLDER
from trainers.job import Job, Report


class _AtOnce(BaseException):
    """Brings what ends a run out of Tune, which waits for its trainables before an Exception."""

    def __init__(self, ended: Exception) -> None:
        super().__init__(ended)
        self.ended = ended


class Monitor(Protocol):
    """Who looks on while the jobs run, and may end it."""

    def look(self) -> bool:
        """Called several times a second; returns whether nothing may start now.

        An Exception that it raises ends the run, and the gangs in good order; at once where none
        has trained for a step yet.
        """
        ...

    @property
    def paused(self) -> bool:
        """Whether nothing may start for a while: gangs are kept for what comes after it."""
        ...

    def under_way(self) -> None:
        """Takes in that ranks are at work on the first job."""
        ...

    def lacks_room(self, job: Job, reason: str) -> None:
        """Takes in that a running job waits for room on the disk, and why."""
        ...

    def lost(self, reason: str) -> None:
        """Takes in that the cluster is gone, as `reason` says; what it raises ends the run."""
        ...

    def stuck(self, reason: str) -> None:
        """Takes the same in where nothing can end the run: the process is ended at once.

        It is called from another thread.
        """
        ...


class QueueScheduler(FIFOScheduler):  # type: ignore[misc]  # Ray has no types
    """Starts trials in their order, unless `monitor` says that nothing may start now.

    Tune always has one trial ready for the next gang that becomes free; that one is stopped, too.
    So are those that have begun, if the nodes that are left hold no gang: they would wait for ever.
    """

    def __init__(
        self,
        searcher: QueueSearcher,
        capacity: CapacityWatch,
        connection: ConnectionWatch,
        monitor: Monitor | None,
    ) -> None:
        super().__init__()
        self._searcher = searcher
        self._capacity = capacity
        self._connection = connection
        self._monitor = monitor
        self._kept = KeptGangs()
        self._is_under_way = False

    def __getstate__(self) -> dict[str, Any]:
        """Gives Tune, which pickles it as it does its searcher, nothing to keep."""
        return {}

    def choose_trial_to_run(self, tune_controller: TuneController) -> Trial | None:
        """Returns the trial that waits, if it may start."""
        self._check_connection()
        has_room = self._capacity.look() if self._connection.answers else True
        if self._is_over():
            for trial in list(tune_controller.get_live_trials()):
                if trial.status == Trial.PENDING or not has_room:
                    self._searcher.withdraw(trial.trial_id)
                    trial.init_local_path()  # Tune fails at its end over one without a folder
                    tune_controller.stop_trial(trial)
        self._keep_gangs(tune_controller)
        return super().choose_trial_to_run(tune_controller)

    def _keep_gangs(self, tune_controller: TuneController) -> None:
        """Has gangs kept in a pause, or while the queue waits for what runs, until they are used.

        It waits at the end of a stage: one baseline is done, and the search begins after both.
        """
        paused, waits = self._monitor is not None and self._monitor.paused, self._searcher.waits
        if paused or waits or self._kept.any:
            idle = tune_controller._tune_controller._actor_cache  # Tune has no other way to say it
            live = tune_controller.get_live_trials()
            running = [t.placement_group_factory for t in live if t.status == Trial.RUNNING]
            over = self._searcher.has_given_all
            self._kept.look(idle, running, paused=paused, waits=waits, over=over)

    def idle(self) -> None:
        """Looks on where nothing runs and Tune waits for a trial, as it then asks for none here."""
        try:
            self._check_connection()
        except ClusterLost as lost:
            raise _AtOnce(lost) from None
        self._is_over()

    def _check_connection(self) -> None:
        if self._connection.lost and self._monitor is not None:
            self._monitor.lost(self._connection.lost)
        self._connection.check()

    def _is_over(self) -> bool:
        """Returns whether nothing may start now."""
        try:
            return self._monitor is not None and self._monitor.look()
        except Exception as ended:
            if self._searcher.has_something_to_save:
                raise
            raise _AtOnce(ended) from None

    def on_trial_result(
        self, tune_controller: TuneController, trial: Trial, result: dict[str, Any]
    ) -> str:
        """Lets the trial go on, and passes on what it says about the disk.

        The first word of all says that ranks are at work.
        """
        if self._monitor is not None and not self._is_under_way:
            self._is_under_way = True
            self._monitor.under_way()
        if self._monitor is not None and "no_room" in result:
            job = self._searcher.job(trial.trial_id)
            if job is not None:
                self._monitor.lacks_room(job, result["no_room"])
        decision: str = super().on_trial_result(tune_controller, trial, result)
        return decision


def run_queue(
    queue: TicketSource,
    gang: GangSettings,
    *,
    folder: Path,
    on_report: Callable[[Job, Report], None],
    monitor: Monitor | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Runs the queue to its end on the connected cluster; `folder` is for Tune's own files.

    `say` is told when nodes come and go. Nodes that join are used, and when too few are left, the
    jobs wait for others.

    What an earlier run's Tune left there is removed: nothing is ever restored from it.

    Raises:
        ClusterLost: the cluster is gone, unless `monitor` raises something else then. Where Ray
            waits for it and lets nothing end the run, the process ends with exit code 1.
    """
    shutil.rmtree(folder / SCHEDULER_FOLDER, ignore_errors=True)
    shape = shape_of(gang)
    trainable = tune.with_resources(
        JobTrainable, tune.PlacementGroupFactory([{}, *shape.bundles], strategy=shape.strategy)
    )
    searcher = QueueSearcher(queue, on_report)

    def end_process(reason: str) -> None:
        (say if monitor is None else monitor.stuck)(reason)
        abandon()

    with ConnectionWatch(watched(), on_stuck=end_process) as connection:
        scheduler = QueueScheduler(searcher, CapacityWatch(shape, say), connection, monitor)
        searcher.on_idle = scheduler.idle
        try:
            _tuner(trainable, searcher, scheduler, folder).fit()
        except _AtOnce as at_once:
            raise at_once.ended from None
        except (RayError, OSError) as error:
            if not (reason := connection.settle()):
                raise
            if monitor is not None:
                monitor.lost(reason)
            raise ClusterLost(reason) from error


def _tuner(
    trainable: Any, searcher: QueueSearcher, scheduler: QueueScheduler, folder: Path
) -> tune.Tuner:
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=scheduler,
            num_samples=-1,
            reuse_actors=True,
            trial_name_creator=lambda trial: str(trial.trial_id),
            trial_dirname_creator=lambda trial: str(trial.trial_id),
        ),
        run_config=tune.RunConfig(
            storage_path=str(folder),
            name=SCHEDULER_FOLDER,
            verbose=0,
            callbacks=[],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )

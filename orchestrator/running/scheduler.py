"""Schedules a queue's jobs over the Ray cluster with Ray Tune, in warm gangs."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from ray import tune
from ray.exceptions import RayError
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from cluster.capacity import Lookout
from cluster.connection_watch import ClusterLost, ConnectionWatch
from orchestrator.config.sections import GangSettings
from orchestrator.jobs.ticket import Ticket
from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.running.ray_connection import abandon, watched
from orchestrator.running.trainable import JobTrainable
from orchestrator.running.workers import shape_of
from orchestrator.storage.files import SCHEDULER_FOLDER
from trainers.job import Job, Report

LOST = "its trainable was lost"


class _AtOnce(BaseException):
    """Brings what ends a run out of Tune, which waits for its trainables before an Exception."""

    def __init__(self, ended: Exception) -> None:
        super().__init__(ended)
        self.ended = ended


class TicketSource(Protocol):
    """Where the jobs come from: a sweep's queue, or any other list of them."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to give out; jobs may still be running."""
        ...

    def next(self) -> Ticket | None:
        """Returns the next ticket; None if there is none now (see `finished`)."""
        ...

    def finish(self, job: Job, *, error: str) -> None:
        """Takes in that the job has ended; `error` says why, should there be no result."""
        ...

    def withdraw(self, job: Job) -> None:
        """Takes back a job that was given out, did not begin, and will not now."""
        ...


class Monitor(Protocol):
    """Who looks on while the jobs run, and may end it."""

    def look(self) -> bool:
        """Called several times a second; returns whether nothing may start any more.

        An Exception that it raises ends the run, and the gangs in good order; at once where none
        has trained for a step yet.
        """
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


class QueueSearcher(Searcher):  # type: ignore[misc]  # Ray has no types
    """Lets Tune draw its trials from a queue; every study's own search happens in there.

    What cannot be written down for want of room is left to the monitor, which ends the run for it:
    Tune would make a traceback of its own of whatever is raised in here.
    """

    def __init__(self, queue: TicketSource, on_report: Callable[[Job, Report], None]) -> None:
        super().__init__(metric="job_step", mode="max")
        self._queue = queue
        self._on_report = on_report
        self._tickets: dict[str, Ticket] = {}
        self._lost: list[Ticket] = []
        self._in_training: set[str] = set()

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Returns the next ticket, None while there is none, FINISHED when there is no more.

        There may be more for as long as a trial runs: should it be lost, its job comes again.
        """
        ticket = self._lost.pop(0) if self._lost else self._next()
        if ticket is None:
            over = self._queue.finished and not self._tickets
            return Searcher.FINISHED if over else None
        self._tickets[trial_id] = ticket
        return {"ticket": ticket.model_dump_json()}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Passes on what a running job reports."""
        if "loss" in result:
            self._in_training.add(trial_id)
            report = Report(result["job_step"], result["num_steps"], {"loss": result["loss"]})
            with suppress(OutOfRoom):
                self._on_report(self._tickets[trial_id].job, report)

    def on_trial_complete(
        self,
        trial_id: str,
        result: dict[str, Any] | None = None,
        error: bool = False,  # noqa: ARG002  # a lost trainable has no result either
    ) -> None:
        """Tells the queue that the trial's job has ended, well or not.

        Unless its trainable was lost, a node with it perhaps: then the job is given out again,
        up to `gang.max_retries` times.
        """
        self._in_training.discard(trial_id)
        ticket = self._tickets.pop(trial_id, None)
        if ticket is None:
            return
        if result is not None:
            self._finish(ticket.job, result.get("error", LOST))
        elif ticket.losses < ticket.gang.max_retries:
            self._lost.append(ticket.model_copy(update={"losses": ticket.losses + 1}))
        else:
            times = f" {ticket.losses + 1} times" if ticket.losses else ""
            self._finish(ticket.job, f"{LOST}{times}")

    def withdraw(self, trial_id: str) -> None:
        """Gives back the job of a trial that ends without having started."""
        ticket = self._tickets.pop(trial_id, None)
        if ticket is not None:
            with suppress(OutOfRoom):
                self._queue.withdraw(ticket.job)

    @property
    def has_something_to_save(self) -> bool:
        """Whether a running job has trained for a step."""
        return bool(self._in_training)

    def job(self, trial_id: str) -> Job | None:
        """Returns the job of a trial that runs."""
        ticket = self._tickets.get(trial_id)
        return None if ticket is None else ticket.job

    def save(self, checkpoint_path: str) -> None:
        """Keeps nothing: the storage folder and the studies are the truth."""

    def __getstate__(self) -> dict[str, Any]:
        """Gives Tune, which pickles its searcher for a restore of its own, nothing to keep."""
        return {}

    def restore(self, checkpoint_path: str) -> None:
        """Restores nothing, see `save`."""

    def _next(self) -> Ticket | None:
        with suppress(OutOfRoom):
            return self._queue.next()
        return None

    def _finish(self, job: Job, error: str) -> None:
        with suppress(OutOfRoom):
            self._queue.finish(job, error=error)


class QueueScheduler(FIFOScheduler):  # type: ignore[misc]  # Ray has no types
    """Starts trials in their order, unless `monitor` says that nothing may start any more.

    Tune always has one trial ready for the next gang that becomes free; that one is stopped, too.
    So are those that have begun, if the nodes that are left hold no gang: they would wait for ever.
    """

    def __init__(
        self,
        searcher: QueueSearcher,
        lookout: Lookout,
        connection: ConnectionWatch,
        monitor: Monitor | None,
    ) -> None:
        super().__init__()
        self._searcher = searcher
        self._lookout = lookout
        self._connection = connection
        self._monitor = monitor

    def __getstate__(self) -> dict[str, Any]:
        """Gives Tune, which pickles it as it does its searcher, nothing to keep."""
        return {}

    def choose_trial_to_run(self, tune_controller: TuneController) -> Trial | None:
        """Returns the trial that waits, if it may start."""
        if self._connection.lost and self._monitor is not None:
            self._monitor.lost(self._connection.lost)
        self._connection.check()
        has_room = self._lookout.look() if self._connection.answers else True
        if self._is_over():
            for trial in list(tune_controller.get_live_trials()):
                if trial.status == Trial.PENDING or not has_room:
                    self._searcher.withdraw(trial.trial_id)
                    tune_controller.stop_trial(trial)
        return super().choose_trial_to_run(tune_controller)

    def _is_over(self) -> bool:
        """Returns whether nothing may start any more."""
        try:
            return self._monitor is not None and self._monitor.look()
        except Exception as ended:
            if self._searcher.has_something_to_save:
                raise
            raise _AtOnce(ended) from None

    def on_trial_result(
        self, tune_controller: TuneController, trial: Trial, result: dict[str, Any]
    ) -> str:
        """Lets the trial go on, and passes on what it says about the disk."""
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
        scheduler = QueueScheduler(searcher, Lookout(shape, say), connection, monitor)
        tuner = tune.Tuner(
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
        try:
            tuner.fit()
        except _AtOnce as at_once:
            raise at_once.ended from None
        except (RayError, OSError) as error:
            if not (reason := connection.settle()):
                raise
            if monitor is not None:
                monitor.lost(reason)
            raise ClusterLost(reason) from error

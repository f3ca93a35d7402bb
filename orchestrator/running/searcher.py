"""What Ray Tune draws its trials from: a queue of jobs, each in its ticket."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from ray.tune.search import Searcher

from orchestrator.jobs.ticket import Ticket
from orchestrator.limits.full_disk import OutOfRoom
from trainers.job import Job, Report

LOST = "its trainable was lost"


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
        self.waits = False
        """Whether there was no ticket when one was last asked for, and there are to be more."""
        self.on_idle: Callable[[], None] = lambda: None
        """Called where nothing runs and there is nothing to start yet, about once a second."""

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Returns the next ticket, None while there is none, FINISHED when there is no more.

        There may be more for as long as a trial runs: should it be lost, its job comes again.
        """
        ticket = self._lost.pop(0) if self._lost else self._next()
        self.waits = ticket is None and not self._queue.finished
        if ticket is None:
            over = self._queue.finished and not self._tickets
            if not over and not self._tickets:
                self.on_idle()
            return Searcher.FINISHED if over else None
        self._tickets[trial_id] = ticket
        return {"ticket": ticket.model_dump_json()}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Passes on what a running job reports, and that one has ended that others follow."""
        if "ended" in result:
            self._pass_on(trial_id, result["ended"] or LOST)
        elif "loss" in result:
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
        up to `gang.max_retries` times, and after it those that were to follow it.
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
            self._lost += filter(None, [_rest(ticket)])

    def withdraw(self, trial_id: str) -> None:
        """Gives back the job of a trial that ends without having started."""
        ticket = self._tickets.pop(trial_id, None)
        if ticket is not None:
            with suppress(OutOfRoom):
                for each in (ticket, *ticket.following):
                    self._queue.withdraw(each.job)

    @property
    def has_given_all(self) -> bool:
        """Whether no ticket is to come, unless a trainable is lost."""
        return self._queue.finished and not self._lost

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

    def _pass_on(self, trial_id: str, error: str) -> None:
        """Tells the queue that a job has ended, and goes on with the one that follows it."""
        ticket = self._tickets[trial_id]
        following = _rest(ticket)
        assert following is not None
        self._tickets[trial_id] = following
        self._finish(ticket.job, error)

    def _next(self) -> Ticket | None:
        with suppress(OutOfRoom):
            return self._queue.next()
        return None

    def _finish(self, job: Job, error: str) -> None:
        with suppress(OutOfRoom):
            self._queue.finish(job, error=error)


def _rest(ticket: Ticket) -> Ticket | None:
    """Returns what is left of a ticket without its first job."""
    if not ticket.following:
        return None
    first, *others = ticket.following
    return first.model_copy(update={"following": tuple(others)})

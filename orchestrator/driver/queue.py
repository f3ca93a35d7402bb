"""A sweep's jobs in order: stage after stage, what is in storage already taken from there."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from orchestrator.driver.stages.stage import Request, Stage, StageContext
from orchestrator.jobs.ticket import Ticket, ticket_for
from orchestrator.results.feasibility import without_result
from orchestrator.running.job_inputs import JobInputs
from orchestrator.storage.result import Result
from trainers.job import Job


@dataclass(frozen=True, slots=True)
class _Running:
    """A job that was given out, and all that wait for it."""

    stage: Stage[Any]
    requests: list[Request[Any]]


class Queue:
    """Gives out the tickets of the first stage that is not complete, and takes results back.

    A job whose result is in storage is told to its stage at once and never scheduled. One that
    several requests are for runs once.
    """

    def __init__(self, stages: Sequence[Stage[Any]], context: StageContext) -> None:
        self._stages = tuple(stages)
        self._config = context.plan.config
        self._storage = context.storage
        self._ledger = context.ledger
        self._callbacks = context.callbacks
        self._coming = deque(stages)
        self._stage: Stage[Any] | None = None
        self._running: dict[str, _Running] = {}
        self._held: list[tuple[Stage[Any], Request[Any], Result]] = []
        self._lacking: str | None = None

    @property
    def failure(self) -> str | None:
        """Why the sweep cannot go on, if it cannot."""
        failures = (each.failure for each in self._stages if each.failure is not None)
        return next(failures, self._lacking)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to give out; jobs may still be running."""
        if self.failure is not None or self._ledger.limit is not None:
            return True
        if self._coming or self._stage is None:
            return False
        return self._stage.finished or not (self._stage.may_start or self._running)

    @property
    def complete(self) -> bool:
        """Whether everything was given out and has come back."""
        return self.failure is None and self.finished and not self._running and not self._held

    def next(self) -> Ticket | None:
        """Returns the next ticket; None if there is none now (see `finished`), or it is paused."""
        self._tell_held()
        if self._ledger.steering.paused:
            return None
        while True:
            ticket = self._draw()
            if ticket is None:
                self._tell_held()
            if ticket is not None or not self._advance():
                return ticket

    def finish(self, job: Job, *, error: str) -> None:
        """Takes in the job's result, which its trainable has written to storage.

        Without a result there, the job failed for the reason `error`.
        """
        running = self._running[job.hash]
        result = self._result(running.requests[0], error)
        self._ledger.end(job.hash, result.wall_s)
        del self._running[job.hash]
        self._look_for_inputs(running.requests[0], result)
        for request in running.requests:
            running.stage.take(request, result, cached=False)
        self._callbacks.on_job_end(result)
        while self._advance():
            pass

    def withdraw(self, job: Job) -> None:
        """Takes back a ticket whose job has not begun and will not be run now."""
        self._ledger.withdraw(job.hash)
        self._take_back(job)

    def leave(self) -> None:
        """Counts what running jobs have left in storage, and takes back the others."""
        self._tell_held()
        for running in list(self._running.values()):
            request = running.requests[0]
            if self._found(request) is None:
                self._take_back(request.job)
            else:
                self.finish(request.job, error="")

    def _look_for_inputs(self, request: Request[Any], result: Result) -> None:
        """Ends the sweep where a job failed for want of what all others that follow want, too.

        A storage that was not there for a moment would else cost every trial that is left.
        """
        if not result.by_chance or request.basis is None:
            return
        ticket = ticket_for(request.job, request.basis, config=self._config, storage=self._storage)
        lacking = JobInputs(ticket, self._storage).lacking()
        if lacking and lacking in result.reason:
            self._lacking = (
                f"{lacking}; put it back, or remove the baseline's folder to train it again, and "
                "run the same command to go on"
            )

    def _take_back(self, job: Job) -> None:
        running = self._running.pop(job.hash)
        running.stage.withdraw(running.requests)

    def _advance(self) -> bool:
        """Begins the next stage if everything before it is complete; returns whether it did."""
        if self.failure is not None or not self._coming or self._running or self._held:
            return False
        if self._stage is not None and not self._stage.finished:
            return False
        self._stage = self._coming.popleft()
        self._stage.begin()
        return True

    def _draw(self) -> Ticket | None:
        """Returns the next ticket of the stage that is on, with those that follow it there."""
        stage = self._stage
        if stage is None or self.failure is not None:
            return None
        coming = iter(stage.next, None)
        for request, ticket in self._to_run(stage, coming):
            others = self._to_run(stage, islice(coming, request.more))
            return ticket.model_copy(update={"following": tuple(each for _, each in others)})
        return None

    def _to_run(
        self, stage: Stage[Any], requests: Iterable[Request[Any]]
    ) -> Iterator[tuple[Request[Any], Ticket]]:
        """Yields those requests that are to be run, as long as they may be; takes what is found."""
        for request in requests:
            found = self._found(request)
            if found is not None:
                self._take_found(stage, request, found)
                if self.failure is not None:
                    return
            elif not stage.may_start:
                stage.withdraw([request])
                return
            elif (ticket := self._given(stage, request)) is not None:
                yield request, ticket

    def _given(self, stage: Stage[Any], request: Request[Any]) -> Ticket | None:
        """Returns the job's ticket; None if another request has asked for the same job."""
        job = request.job
        running = self._running.setdefault(job.hash, _Running(stage, []))
        running.requests.append(request)
        if len(running.requests) > 1:
            return None
        self._ledger.give(request.account, request.trial, job.hash)
        return ticket_for(job, request.basis, config=self._config, storage=self._storage)

    def _found(self, request: Request[Any]) -> Result | None:
        """Returns the job's result in storage, if it is to be taken for the request."""
        found = self._storage.find(request.job)
        if found is None or not request.accepts(found):
            return None
        lacks = request.with_weights and not self._storage.model_folder(request.job).is_dir()
        return None if lacks else found

    def _take_found(self, stage: Stage[Any], request: Request[Any], found: Result) -> None:
        """Tells the stage of a result that is in storage already.

        One that an earlier run of this sweep has left there untold is held back until the next
        job is wanted: that one is then suggested as it was, or would have been, while the job
        ran.
        """
        self._ledger.end(request.job.hash, found.wall_s)
        self._held.append((stage, request, found))
        if not request.again:
            self._tell_held()

    def _tell_held(self) -> None:
        held, self._held = self._held, []
        for stage, request, found in held:
            stage.take(request, found, cached=True)

    def _result(self, request: Request[Any], error: str) -> Result:
        """Returns what a job that has ended came to; a failure without a result goes on record.

        Otherwise a sweep that goes on would not know why it failed. What is on record and says
        more, for another sweep, stays there.
        """
        found = self._storage.find(request.job)
        if found is not None and request.stands(found):
            return found
        failed = without_result(request.job, error)
        self._storage.note_failure(failed)
        return failed

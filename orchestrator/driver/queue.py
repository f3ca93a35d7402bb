"""A sweep from its first job to its last: the search's, and then the finalists'."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrator.config.budget import FINALISTS
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.stages.search import Agenda
from orchestrator.jobs.finalists import Finalist
from orchestrator.jobs.ticket import Ticket, ticket_for
from orchestrator.limits.ledger import Ledger
from orchestrator.results.feasibility import without_result
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.job import Job


class Programme:
    """Gives out the agenda's tickets and, once all of those have come back, the finalists'.

    `choose` is asked for the finalists once the search is over; `on_final` sees each one's result
    once, and whether it was found in storage.
    """

    def __init__(
        self,
        agenda: Agenda,
        config: SweepConfig,
        *,
        storage: Storage,
        ledger: Ledger,
        choose: Callable[[], Sequence[Finalist]],
        on_final: Callable[[Finalist, Result, bool], None],
    ) -> None:
        self._agenda = agenda
        self._config = config
        self._storage = storage
        self._ledger = ledger
        self._choose = choose
        self._on_final = on_final
        self._waiting: list[Finalist] | None = None
        self._running: dict[str, list[Finalist]] = {}

    @property
    def finished(self) -> bool:
        """Whether nothing is left to give out; jobs may still be running."""
        if not self._agenda.finished or self._over:
            return self._agenda.finished
        if self._waiting is None:
            return False
        return not self._waiting or (self._starved and not self._running)

    @property
    def complete(self) -> bool:
        """Whether everything was given out and has come back."""
        return self._agenda.complete and self.finished and not self._running

    def next(self) -> Ticket | None:
        """Returns the next ticket; None if there is none now (see `finished`)."""
        ticket = self._agenda.next()
        if ticket is not None or not self._agenda.complete or self._over:
            return ticket
        if self._waiting is None:
            self._waiting = list(self._choose())
        return self._next_final()

    def finish(self, job: Job, *, error: str) -> None:
        """Takes in the job's result; without one in storage it failed for the reason `error`."""
        if job.hash not in self._running:
            self._agenda.finish(job, error=error)
            return
        result = self._standing(job) or self._without_result(job, error)
        self._ledger.end(job.hash, result.wall_s)
        for final in self._running.pop(job.hash):
            self._on_final(final, result, False)

    def withdraw(self, job: Job) -> None:
        """Takes back a ticket whose job has not begun and will not be run now."""
        if job.hash not in self._running:
            self._agenda.withdraw(job)
            return
        self._waiting = [*self._running.pop(job.hash), *(self._waiting or [])]

    def leave(self) -> None:
        """Counts what running jobs have left in storage, and takes back the others."""
        self._agenda.leave()
        for first, *_ in list(self._running.values()):
            if self._standing(first.job) is None:
                self.withdraw(first.job)
            else:
                self.finish(first.job, error="")

    @property
    def _over(self) -> bool:
        """Whether there will be no finalists: none are wanted, or the sweep cannot go on."""
        if self._config.finalists is None or self._agenda.failure is not None:
            return True
        return self._ledger.limit is not None

    @property
    def _starved(self) -> bool:
        """Whether another finalist would take more than the sweep's budget has left."""
        return not self._ledger.sweep_has_room

    def _next_final(self) -> Ticket | None:
        """Returns the ticket of the next finalist whose result is not in storage already."""
        while self._waiting:
            final = self._waiting[0]
            found = self._standing(final.job)
            if found is None and self._starved:
                return None
            self._waiting.pop(0)
            if found is not None:
                self._ledger.end(final.job.hash, found.wall_s)
                self._on_final(final, found, True)
            elif (ticket := self._given(final)) is not None:
                return ticket
        return None

    def _given(self, final: Finalist) -> Ticket | None:
        """Returns the finalist's ticket; None if another one has asked for the same job."""
        reference = self._agenda.reference
        assert reference is not None
        same = self._running.setdefault(final.job.hash, [])
        same.append(final)
        if len(same) > 1:
            return None
        self._ledger.give(FINALISTS, None, final.job.hash)
        # Without a guard: what is reported is a whole training's.
        known = None if final.number is None else replace(reference, guard=None)
        return ticket_for(final.job, known, config=self._config, storage=self._storage)

    def _standing(self, job: Job) -> Result | None:
        """Returns the job's result in storage, if it is what running it would come to."""
        found = self._storage.find(job)
        if found is None or not found.stands(None):
            return None
        return None if found.state == State.FAILED and found.by_chance else found

    def _without_result(self, job: Job, error: str) -> Result:
        """Returns the failure of a job that left no result, and puts it on record.

        What another sweep has left there, and does not stand for this one, stays.
        """
        found = self._storage.find(job)
        if found is not None and found.state == State.FAILED:
            return found
        failed = without_result(job, error)
        if found is None:
            self._storage.note_failure(failed)
        return failed

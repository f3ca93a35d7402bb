"""A sweep from its first job to its last: the search's, and then the finalists'."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrator.agenda import Agenda
from orchestrator.books import FINALISTS
from orchestrator.config import SweepConfig
from orchestrator.finalists import Finalist
from orchestrator.judgement import without_result
from orchestrator.ledger import Ledger
from orchestrator.result import Result, State
from orchestrator.storing.records import Storage
from orchestrator.ticket import Ticket, ticket_for
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
        self._running: dict[str, Finalist] = {}

    @property
    def finished(self) -> bool:
        """Whether nothing is left to give out; jobs may still be running."""
        if not self._agenda.finished or self._over:
            return self._agenda.finished
        return self._waiting is not None and not self._waiting

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
        final = self._running.pop(job.hash, None)
        if final is None:
            self._agenda.finish(job, error=error)
            return
        result = self._storage.find(job) or without_result(job, error)
        self._ledger.end(job.hash, result.wall_s)
        self._on_final(final, result, False)

    def withdraw(self, job: Job) -> None:
        """Takes back a ticket whose job has not begun and will not be run now."""
        final = self._running.pop(job.hash, None)
        if final is None:
            self._agenda.withdraw(job)
        else:
            self._waiting = [final, *(self._waiting or [])]

    def leave(self) -> None:
        """Counts what running jobs have left in storage, and takes back the others."""
        self._agenda.leave()
        for final in list(self._running.values()):
            if self._storage.find(final.job) is None:
                self.withdraw(final.job)
            else:
                self.finish(final.job, error="")

    @property
    def _over(self) -> bool:
        """Whether there will be no finalists: none are wanted, or the sweep cannot go on."""
        if self._config.finalists is None or self._agenda.failure is not None:
            return True
        return self._ledger.limit is not None

    def _next_final(self) -> Ticket | None:
        """Returns the ticket of the next finalist whose result is not in storage already."""
        reference = self._agenda.reference
        assert reference is not None
        while self._waiting:
            final = self._waiting.pop(0)
            found = self._storage.find(final.job)
            if found is not None and found.stands(None) and not _tries_again(found):
                self._on_final(final, found, True)
                continue
            self._running[final.job.hash] = final
            self._ledger.give(FINALISTS, None, final.job.hash)
            # Without a guard: what is reported is a whole training's.
            known = None if final.number is None else replace(reference, guard=None)
            return ticket_for(final.job, known, config=self._config, storage=self._storage)
        return None


def _tries_again(found: Result) -> bool:
    return found.state == State.FAILED and found.by_chance

"""Trains one job again from its record, in a storage folder of its own."""

from collections.abc import Callable
from pathlib import Path

from evals.scores import ScoreSheet
from orchestrator.gang_settings import CheckpointSettings
from orchestrator.repetition import Row, guard_of_row
from orchestrator.result import Result, State
from orchestrator.storing.records import Storage
from orchestrator.ticket import Ticket
from trainers.job import Job, Report, TrialFailure


class OneJob:
    """A list of tickets with one ticket in it."""

    def __init__(self, ticket: Ticket, storage: Storage) -> None:
        self._left = [ticket]
        self._storage = storage
        self.error = ""
        self.result: Result | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to give out; the job may still be running."""
        return not self._left

    def next(self) -> Ticket | None:
        """Returns the ticket, once."""
        return self._left.pop() if self._left else None

    def finish(self, job: Job, *, error: str) -> None:
        """Takes in that the job has ended."""
        self.error, self.result = error, self._storage.find(job)


def trained_again(row: Row, folder: Path, *, say: Callable[[str], None]) -> ScoreSheet:
    """Returns what the job measures when it is trained again, by a gang like its sweep's.

    Everything that comes of it goes to `folder`, a storage folder like any other.

    Raises:
        ConfigError: no such gang can be placed, or the job cannot be run as it was.
        TrialFailure: it failed this time.
    """
    from orchestrator.schedule import connect, run_agenda  # imports Ray

    storage, base = Storage(folder), row.base
    ticket = Ticket(
        job=row.result.job,
        storage=str(storage.root),
        gang=row.config.gang,
        checkpoint=CheckpointSettings(every_s=None),
        base=None if base is None else str(base),
        guard=guard_of_row(row),
    )
    connect(row.config.gang)
    agenda = OneJob(ticket, storage)
    place = storage.sweep_folder("repeat")
    run_agenda(agenda, row.config.gang, folder=place, on_report=_teller(say), say=say)
    if agenda.result is None or agenda.result.state == State.FAILED:
        raise TrialFailure(agenda.error if agenda.result is None else agenda.result.reason)
    return storage.sheet(row.result.job.hash)


def _teller(say: Callable[[str], None]) -> Callable[[Job, Report], None]:
    def tell(job: Job, report: Report) -> None:
        loss = f"loss {report.metrics['loss']:.3f}"
        say(f"{job.phase}: step {report.step} of {report.num_steps}, {loss}")

    return tell

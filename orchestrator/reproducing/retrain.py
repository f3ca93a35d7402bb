"""Trains one job again from its record, in a storage folder of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cluster.connection_watch import ClusterLost
from evals.errors import ConfigError
from evals.scores import ScoreSheet
from orchestrator.config.checkpoint import CheckpointSettings
from orchestrator.jobs.ticket import Ticket, hidden_names
from orchestrator.reproducing.find_row import Row
from orchestrator.reproducing.requirements import base_of, check_trainable, guard_of_row
from orchestrator.storage.inspection import fingerprint_of_model
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.job import Job, Report, TrialFailure


class OneJob:
    """A list of tickets with one ticket in it."""

    def __init__(self, ticket: Ticket, storage: Storage) -> None:
        self._ticket = ticket
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

    def withdraw(self, job: Job) -> None:
        """Takes the job back: it is the one to be given out again."""
        assert job == self._ticket.job
        self._left = [self._ticket]


def trained_again(row: Row, keep: Path | None, *, say: Callable[[str], None]) -> ScoreSheet:
    """Returns what the job measures when it is trained again, by a gang like its sweep's.

    Everything that comes of it goes to `keep`, a storage folder like any other, or to a folder in
    the row's own storage, which a gang on other hosts sees, too, and which is removed afterwards.

    Raises:
        ConfigError: no such gang can be placed, or the job cannot be run as it was.
        TrialFailure: it failed this time.
    """
    from orchestrator.running.ray_connection import connect, leave  # imports Ray

    ticket = _ticket(row)
    if keep is not None:
        _check_fresh(Storage(keep), row)
    connect(row.config.gang)
    with _place(row.storage, keep) as folder:
        try:
            return _run(ticket, Storage(folder), say=say)
        finally:
            leave()  # before the folder goes: what still runs would write to it


def _ticket(row: Row) -> Ticket:
    """Returns what is to be run; its storage is still the row's own."""
    check_trainable(row)
    base = base_of(row)
    original = row.storage.recorded(row.original) if base is not None else None
    return Ticket(
        job=row.result.job,
        storage=str(row.storage.root),
        gang=row.config.gang,
        checkpoint=CheckpointSettings(every_s=None),
        base=None if base is None else str(base),
        base_weights="" if original is None else fingerprint_of_model(row.storage, original.job),
        guard=guard_of_row(row),
        hidden=hidden_names(row.config),
    )


def _check_fresh(storage: Storage, row: Row) -> None:
    """Refuses a storage that has the job: its earlier result would stay and be compared."""
    job = row.result.job
    for folder in (storage.job_folder(job.hash), storage.checkpoint_folder(job)):
        if folder.exists():
            raise ConfigError(
                f"--keep must be a storage folder without the job {job.hash} but got "
                f"{str(storage.root)!r}, which has {folder.name}; name another one"
            )


@contextmanager
def _place(storage: Storage, keep: Path | None) -> Iterator[Path]:
    """Gives the storage folder to run in; one that nobody has named is removed at the end."""
    if keep is not None:
        yield keep
        return
    try:
        made = TemporaryDirectory(dir=storage.root, prefix=".repeat-", ignore_cleanup_errors=True)
    except OSError as error:
        raise ConfigError(
            f"--storage must be a folder that can be written to with --retrain but got "
            f"{str(storage.root)!r} ({error.strerror}); name another one, which all nodes see, "
            "with --keep"
        ) from None
    with made as folder:
        yield Path(folder)


def _run(ticket: Ticket, storage: Storage, *, say: Callable[[str], None]) -> ScoreSheet:
    from orchestrator.running.scheduler import run_queue

    queue = OneJob(ticket.model_copy(update={"storage": str(storage.root)}), storage)
    place = storage.sweep_folder("repeat")
    try:
        run_queue(queue, ticket.gang, folder=place, on_report=_teller(say), say=say)
    except ClusterLost as lost:
        raise TrialFailure(str(lost)) from lost
    if queue.result is None or queue.result.state == State.FAILED:
        raise TrialFailure(queue.error if queue.result is None else queue.result.reason)
    return storage.sheet(ticket.job.hash)


def _teller(say: Callable[[str], None]) -> Callable[[Job, Report], None]:
    def tell(job: Job, report: Report) -> None:
        loss = f"loss {report.metrics['loss']:.3f}"
        say(f"{job.phase}: step {report.step} of {report.num_steps}, {loss}")

    return tell

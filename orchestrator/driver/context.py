"""A sweep that may begin: everything about it was found in order, and its folder is held."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.progress import Progress
from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.limits.ledger import Ledger
from orchestrator.planning.plan import Plan
from orchestrator.remote.uploader import Uploader
from orchestrator.results.entry import Entry
from orchestrator.storage.members import Member, Members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result
from orchestrator.tracking.tracker import Tracker


@dataclass(frozen=True, slots=True)
class OpenedSweep:
    """The sweep's plan, and all that records how it goes; `say` tells a person."""

    plan: Plan
    storage: Storage
    folder: Path
    ledger: Ledger
    members: Members
    tracker: Tracker
    progress: Progress
    uploader: Uploader | None
    say: Callable[[str], None]

    @property
    def config(self) -> SweepConfig:
        """What the sweep is to do."""
        return self.plan.config

    def close(self, *, finished: bool) -> None:
        """Ends all records, once."""
        with suppress(OutOfRoom):  # the next run closes the ledger as that of one that was killed
            self.ledger.close()
        self.tracker.close(finished=finished)
        complaint = self.uploader.close() if self.uploader is not None else None
        if complaint is not None:
            self.say(f"lethe: {complaint}")

    def forget_weights(self, job_hash: str) -> None:
        """Has a trial's weights that were removed forgotten wherever else they are."""
        self.tracker.forget_adapter(job_hash)
        if self.uploader is not None:
            self.uploader.forget_weights(job_hash)

    def log(self, entry: Entry, member: Member) -> None:
        """Has a finished job recorded as what it is in the sweep, here and wherever else."""
        self.members.enter(member)
        job_hash = entry.result.job.hash
        self.tracker.log_entry(entry, job_folder=self.storage.job_folder(job_hash))
        if not entry.cached:
            self.bring(entry.result)

    def bring(self, result: Result) -> None:
        """Has what a job has just come to brought to the URL, if there is one."""
        if self.uploader is not None:
            self.uploader.job(result.job.hash)

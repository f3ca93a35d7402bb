"""A sweep that may begin: everything about it was found in order, and its folder is held."""

import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.progress import Progress
from orchestrator.limits.full_disk import DiskFullMonitor, OutOfRoom, SpaceSources
from orchestrator.limits.ledger import Ledger
from orchestrator.planning.plan import Plan
from orchestrator.remote.uploader import Uploader
from orchestrator.storage.members import Members
from orchestrator.storage.records import Storage
from orchestrator.tracking.tracker import Tracker


@dataclass(frozen=True, slots=True)
class SweepContext:
    """The sweep's plan, and all that records how it goes; `say` tells a person.

    `full_disk` is what the records wait for room with, `space_sources` whom it asks for some.
    """

    plan: Plan
    storage: Storage
    folder: Path
    space_sources: SpaceSources
    full_disk: DiskFullMonitor
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
            self.ledger.close(complete=finished)
        self.tracker.close(finished=finished)
        complaint = self.uploader.close() if self.uploader is not None else None
        if complaint is not None:
            self.say(f"lethe: {complaint}")

    def give_up(self, reason: str) -> None:
        """Says how to go on, where the process is ended next; called from any thread."""
        self.say(f"lethe: {reason}; {how_to_go_on(self.folder)}")
        self.tracker.close(finished=False)


def how_to_go_on(folder: Path) -> str:
    """Returns what a person does to go on with the sweep in `folder`."""
    go_on = [sys.executable, "-m", "orchestrator.sweep", "--resume", str(folder)]
    return f"run the same command again to go on, or {shlex.join(go_on)}"

"""Takes down what the sweep and each method use, in the sweep's folder, over all its runs."""

import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.config.budget import BudgetSettings
from orchestrator.config.gang import GangSettings
from orchestrator.limits.steering import Steered
from orchestrator.limits.usage import Event, Line, Usage, read_lines
from orchestrator.storage.files import JOURNAL, LEDGER_FILE, MEMBERS_FILE
from orchestrator.storage.line_file import Wait, append, at_once, mend


class Ledger(Usage):
    """Takes down what is used by gangs of shape `gang`.

    `last_alive` is the last sign of life of the run before this one, if it is known. Lines that
    find no room on the disk `wait` for it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        gang: GangSettings,
        budget: BudgetSettings,
        last_alive: float | None = None,
        wait: Wait = at_once,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(budget, clock=clock)
        self._file = folder / LEDGER_FILE
        self._others = folder / MEMBERS_FILE, folder / JOURNAL
        self._gang = {
            "cpus": gang.ranks * gang.cpus_per_rank,
            "gpus": gang.ranks * gang.gpus_per_rank,
        }
        self._wait = wait
        self._open(last_alive)

    def give(self, label: str, number: int | None, job: str) -> None:
        """Takes down that a job is given out."""
        self._note(Line(event=Event.GIVEN, at=0, label=label, number=number, job=job, **self._gang))

    def hear(self, job: str) -> None:
        """Takes down that a job is running, when it is heard of for the first time."""
        attempt = self._running.get(job)
        if attempt is not None and attempt.begun_at is None:
            self._note(Line(event=Event.BEGUN, at=0, job=job))

    def end(self, job: str, gang_s: float) -> None:
        """Takes down that a job has ended, if it was given out; 0 is "since it was heard of"."""
        attempt = self._running.get(job) or self._interrupted.get(job)
        if attempt is None:
            return
        if gang_s == 0 and attempt.begun_at is not None:
            gang_s = attempt.interrupted_s or self._clock() - attempt.begun_at
        self._note(Line(event=Event.ENDED, at=0, job=job, gang_s=gang_s))

    def withdraw(self, job: str) -> None:
        """Takes down that a job was taken back; one that was heard of has cost something."""
        attempt = self._running.get(job)
        if attempt is not None and attempt.begun_at is None:
            self._note(Line(event=Event.WITHDRAWN, at=0, job=job))

    def steer(self, steered: Steered) -> None:
        """Takes down that a command was obeyed, or why it was not."""
        self._note(Line(event=Event.STEERED, at=0, steered=steered))

    def close(self, *, complete: bool = False) -> None:
        """Takes down that this run of the sweep is over, if that is not so already.

        One that is `complete` has left nothing to do.
        """
        if self._opened_at is not None:
            self._note(Line(event=Event.CLOSED, at=0, complete=complete))

    def _open(self, last_alive: float | None) -> None:
        """Reads what there is, closes a run that was killed, and opens this one."""
        mend(self._file)
        lines = read_lines(self._file)
        self.take_all(lines, self._file)
        if self._opened_at is not None:
            signs = [line.at for line in lines] + ([last_alive] if last_alive is not None else [])
            self._note(Line(event=Event.CLOSED, at=min(max(signs), self._clock())))
        self._note(Line(event=Event.OPENED, at=0))

    def _note(self, line: Line) -> None:
        """Writes a line, with the time unless it has one, and goes by it."""
        if line.at == 0:
            line = line.model_copy(update={"at": self._clock()})
        text = line.model_dump_json(exclude_defaults=True)
        append(self._file, text, wait=self._wait, seeing=self._others)
        self.take(line)

"""What a sweep and each of its methods used, as its ledger says.

`ledger.jsonl` takes down when a run of the sweep was opened and closed, and when a job was given
out, was first heard of, and ended with how much gang time, or was taken back unheard of. A run that
was killed is closed by the next one, at its last sign of life; the time that its jobs had been
running for is used, too, unless their results are in storage all the same. What was done by hand
stands there as well (`orchestrator.limits.steering`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from evals.errors import ConfigError, cut
from orchestrator.config.budget import BudgetSettings, Use, method_limit, sweep_limit
from orchestrator.limits.steering import Steered, Steering
from orchestrator.storage.files import LEDGER_FILE
from orchestrator.storage.line_file import whole_lines


class Event(StrEnum):
    """What a line of the ledger says."""

    OPENED = "opened"
    CLOSED = "closed"
    GIVEN = "given"
    BEGUN = "begun"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    STEERED = "steered"


class Line(BaseModel):
    """One line: `at` in seconds since the epoch; `cpus` and `gpus` are the gang's.

    A run that is closed as `complete` has left nothing to do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    event: Event
    at: float
    label: str = ""
    number: int | None = None
    job: str = ""
    cpus: float = 0.0
    gpus: float = 0.0
    gang_s: float = 0.0
    complete: bool = False
    steered: Steered | None = None


@dataclass(slots=True)
class _Attempt:
    """A job that was given out; `interrupted_s` is how long it ran, if it was cut off."""

    given: Line
    begun_at: float | None = None
    interrupted_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that runs, or waits for its gang, as what it was given out, `since` when."""

    label: str
    number: int | None
    job: str
    since: float


@dataclass(frozen=True, slots=True)
class Account:
    """What one method, or one baseline, used; `interrupted_s` of it by jobs that were cut off."""

    num_ended: int = 0
    use: Use = Use()
    interrupted_s: float = 0.0


class Usage:
    """What the lines of a ledger add up to; `budget` is what they are held against."""

    def __init__(self, budget: BudgetSettings, *, clock: Callable[[], float] = time.time) -> None:
        self._budget = budget
        self._clock = clock
        self._wall_s = 0.0
        self._opened_at: float | None = None
        self._running: dict[str, _Attempt] = {}
        self._interrupted: dict[str, _Attempt] = {}
        self._given: set[tuple[str, int | None]] = set()
        self._accounts: dict[str, Account] = {}
        self.steering = Steering()
        """What was done by hand."""
        self.complete = False
        """Whether the last run of the sweep came to its end, so that nothing is left to do."""

    @property
    def limit(self) -> str | None:
        """The sweep's limit that is used up, as "budget.<key> (<value>)"; None if none is."""
        return sweep_limit(self._budget, self.total, wall_s=self.wall_s)

    @property
    def wall_s(self) -> float:
        """How long the sweep's runs have lasted, all together."""
        current = 0.0 if self._opened_at is None else self._clock() - self._opened_at
        return self._wall_s + current

    @property
    def running(self) -> tuple[RunningJob, ...]:
        """The jobs that were given out and have not ended, in that order."""
        return tuple(
            RunningJob(a.given.label, a.given.number, a.given.job, a.begun_at or a.given.at)
            for a in self._running.values()
        )

    @property
    def total(self) -> Use:
        """What everything together used."""
        labels = {*self._accounts, *(a.given.label for a in self._interrupted.values())}
        return sum((self.account(label).use for label in labels), Use())

    def account(self, label: str) -> Account:
        """Returns what the method or baseline `label` used."""
        account = self._accounts.get(label, Account())
        for attempt in self._interrupted.values():
            if attempt.given.label == label:
                account = _with_interrupted(account, attempt)
        return account

    def method_limit(self, label: str) -> str | None:
        """Returns the limit of the method `label` that is used up, if one is."""
        return method_limit(self._budget, self.account(label).use)

    @property
    def sweep_has_room(self) -> bool:
        """Whether the sweep may start another job, if those running use what such jobs do."""
        expected = sum(map(self._expected, self._running.values()), self.total)
        return sweep_limit(self._budget, expected, wall_s=self.wall_s) is None

    def has_room(self, label: str) -> bool:
        """Whether `label` may start another job, if those running use what such jobs do."""
        mine = [each for each in self._running.values() if each.given.label == label]
        own = sum(map(self._expected, mine), self.account(label).use)
        return self.sweep_has_room and method_limit(self._budget, own) is None

    def made(self, label: str, number: int | None) -> bool:
        """Whether the trial was run by this sweep; else its result was found."""
        return (label, number) in self._given

    def take_all(self, lines: Sequence[Line], file: Path) -> None:
        """Adds the lines of the ledger `file` up.

        Raises:
            ConfigError: a line speaks of a job, or the end of a run, of which no earlier one does.
        """
        for number, line in enumerate(lines, start=1):
            if not self._follows(line):
                said = f"{line.event} {cut(line.job)}".strip()
                raise _no_ledger(file, f"line {number}, {said!r}, of what did not begin")
            self.take(line)

    def _follows(self, line: Line) -> bool:
        match line.event:
            case Event.CLOSED:
                return self._opened_at is not None
            case Event.BEGUN | Event.WITHDRAWN:
                return line.job in self._running
            case Event.ENDED:
                return line.job in self._running or line.job in self._interrupted
            case Event.STEERED:
                return line.steered is not None
            case _:
                return True

    def take(self, line: Line) -> None:
        """Adds a line up."""
        match line.event:
            case Event.OPENED:
                self._opened_at, self.complete = line.at, False
            case Event.CLOSED:
                self._interrupt(line.at)
                self.complete = line.complete
            case Event.GIVEN:
                self._begin(line)
            case Event.BEGUN:
                self._running[line.job].begun_at = line.at
            case Event.ENDED:
                self._charge(line)
            case Event.WITHDRAWN:
                del self._running[line.job]
            case Event.STEERED:
                assert line.steered is not None
                self.steering.take(line.steered)

    def _interrupt(self, at: float) -> None:
        assert self._opened_at is not None
        self._wall_s += at - self._opened_at
        self._opened_at = None
        for job, attempt in self._running.items():
            if attempt.begun_at is not None:
                attempt.interrupted_s = max(0.0, at - attempt.begun_at)
            self._interrupted[job] = attempt
        self._running = {}

    def _begin(self, line: Line) -> None:
        earlier = self._interrupted.pop(line.job, None)
        if earlier is not None:
            label = earlier.given.label
            self._accounts[label] = _with_interrupted(self._accounts.get(label, Account()), earlier)
        self._running[line.job] = _Attempt(line)
        self._given.add((line.label, line.number))

    def _charge(self, line: Line) -> None:
        attempt = self._running.pop(line.job, None) or self._interrupted.pop(line.job)
        label = attempt.given.label
        account = self._accounts.get(label, Account())
        use = account.use + _use(attempt.given, line.gang_s)
        self._accounts[label] = Account(account.num_ended + 1, use, account.interrupted_s)

    def _expected(self, attempt: _Attempt) -> Use:
        """Returns what a running job will have used at its end: the mean of its method so far."""
        elapsed_s = 0.0 if attempt.begun_at is None else self._clock() - attempt.begun_at
        account = self._accounts.get(attempt.given.label, Account())
        mean_s = (account.use.gang_s - account.interrupted_s) / max(1, account.num_ended)
        return _use(attempt.given, max(elapsed_s, mean_s))


def _use(given: Line, gang_s: float) -> Use:
    return Use(gang_s, gang_s * given.cpus, gang_s * given.gpus)


def _with_interrupted(account: Account, attempt: _Attempt) -> Account:
    use = account.use + _use(attempt.given, attempt.interrupted_s)
    return Account(account.num_ended, use, account.interrupted_s + attempt.interrupted_s)


def read_lines(file: Path) -> list[Line]:
    """Returns the lines of a ledger; half a line that a killed process left counts for nothing.

    Raises:
        ConfigError: a line cannot be read.
    """
    try:
        return [Line.model_validate_json(line) for line in whole_lines(file)]
    except (ValueError, OSError) as error:
        what = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise _no_ledger(file, cut(what, limit=200)) from None


def _no_ledger(file: Path, what: str) -> ConfigError:
    return ConfigError(
        f"{file} must be the ledger of this sweep but got {what}; "
        "restore it from a copy, or remove it to count from nothing"
    )


def read_usage(folder: Path, budget: BudgetSettings) -> Usage:
    """Returns what the sweep of `folder` used, as far as its ledger goes; writes nothing.

    The clock stands still at the ledger's last line.

    Raises:
        ConfigError: the ledger cannot be read.
    """
    file = folder / LEDGER_FILE
    lines = read_lines(file)
    last_at = lines[-1].at if lines else 0.0
    usage = Usage(budget, clock=lambda: last_at)
    usage.take_all(lines, file)
    return usage

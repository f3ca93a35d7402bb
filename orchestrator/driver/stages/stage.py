"""What a queue asks of each stage of a sweep, and what a stage asks the queue for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from orchestrator.driver.callbacks import SweepCallback
from orchestrator.limits.ledger import Ledger
from orchestrator.planning.plan import Plan
from orchestrator.results.entry import Basis, Reference
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.early_stopping import Guard
from trainers.job import Job

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class StageContext:
    """What every stage works with: the plan, the records, and all that is told how it goes."""

    plan: Plan
    storage: Storage
    ledger: Ledger
    callbacks: SweepCallback


class Retry(StrEnum):
    """Which failures that are in storage already are tried again, rather than taken as found."""

    NONE = "none"
    BY_CHANCE = "by_chance"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Request(Generic[Subject]):
    """A job that a stage wants the result of, for the sake of its own `subject`.

    `account` and `trial` are what the ledger books it as. `basis` is what the job starts from,
    compares with and is watched for; None, where that is nothing. `again` says that this sweep has
    given it out before and was never told how it ended. `with_weights` says that a result whose
    weights are not there will not do. So many of the requests that follow as `more` says go to the
    same gang.
    """

    job: Job
    subject: Subject
    account: str
    trial: int | None = None
    basis: Basis | None = None
    retry: Retry = Retry.BY_CHANCE
    again: bool = False
    with_weights: bool = False
    more: int = 0

    def stands(self, result: Result) -> bool:
        """Returns whether this is what running the job would come to, failures included."""
        guard: Guard | None = None if self.basis is None else self.basis.guard
        return result.stands(guard)

    def accepts(self, found: Result) -> bool:
        """Returns whether a result found in storage is taken, so that the job is not run."""
        if not self.stands(found):
            return False
        if found.state != State.FAILED or self.retry == Retry.NONE:
            return True
        return self.retry == Retry.BY_CHANCE and not found.by_chance


class ReferenceSource(Protocol):
    """Who knows the baselines once they are done."""

    @property
    def reference(self) -> Reference | None:
        """What every other job is held against; None until all baselines are done."""
        ...

    @property
    def references(self) -> tuple[Reference, ...]:
        """Those of each split that the search sees, the benchmark's own first."""
        ...


class Stage(Protocol[Subject]):
    """A part of a sweep that follows once the one before it is complete.

    It decides what to run and what a result means; finding results, booking jobs and keeping those
    that run is the queue's.
    """

    @property
    def failure(self) -> str | None:
        """Why the sweep cannot go on after what has happened here, if it cannot."""
        ...

    @property
    def finished(self) -> bool:
        """Whether nothing is left to ask for; jobs may still be running."""
        ...

    @property
    def may_start(self) -> bool:
        """Whether the budget lets a job of this stage begin now."""
        ...

    def begin(self) -> None:
        """Called once, when everything before it is complete."""
        ...

    def next(self) -> Request[Subject] | None:
        """Returns what is wanted next; None if there is nothing now (see `finished`)."""
        ...

    def take(self, request: Request[Subject], result: Result, *, cached: bool) -> None:
        """Takes in what came of a request; `cached` says that it was found in storage."""
        ...

    def withdraw(self, requests: Sequence[Request[Subject]]) -> None:
        """Takes back requests for a job that has not begun and will not be run now."""
        ...

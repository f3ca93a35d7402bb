"""How a job ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from evals.evidence import Evidence
from trainers.early_stopping import Guard
from trainers.job import Job, Report

NO_EVIDENCE = Evidence()


class State(StrEnum):
    """How a job ended."""

    DONE = "done"
    FAILED = "failed"


class Ending(Protocol):
    """What decides which one of two results of the same job says more, see `Result`."""

    @property
    def state(self) -> State:
        """Whether there is anything that was measured."""
        ...

    @property
    def stopped(self) -> str:
        """Why the training was stopped early, if it was."""
        ...

    @property
    def guard(self) -> str:
        """The hash of the guard that it was stopped under."""
        ...

    @property
    def by_chance(self) -> bool:
        """Whether it failed for what lies outside the job."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """How a job ended: `reason` says why it FAILED (else empty), `metrics` are the benchmark's.

    `facts` are the numbers of `trainers.job.Outcome`, what the metrics are made of, and how the job
    was run: attempts, ranks, micro_batch_size, zero_stage, rank_memory_bytes and, where they apply,
    resumed_step and what was offloaded. `wall_s` and `started_at` (seconds since
    the epoch, UTC) are the scheduler's view of the job, `reports` what it said on the way.
    `by_chance` says that it FAILED for what lies outside the job (lost ranks, memory, files), so
    that another sweep that wants it tries again. `stopped` says why a training was stopped early,
    under the guard with the hash `guard`; what was measured is the model as it then was.
    `collapsed` says that a job FAILED because its training destroyed the model. `weights_removed`
    says that its weights were removed for want of disk (`orchestrator.storage.weights`).
    `gold` is the hash of the gold model's job that the metrics are held against, if it was known.
    `first_row` is the first row of the job's split as the model was given it: the rendered prompt.
    `evidence` is how sure the metrics are, and what their guides say; empty of older results.
    """

    job: Job
    state: State
    reason: str
    metrics: Mapping[str, float]
    facts: Mapping[str, float]
    wall_s: float
    reports: tuple[Report, ...]
    started_at: float
    by_chance: bool = False
    stopped: str = ""
    guard: str = ""
    collapsed: bool = False
    weights_removed: bool = False
    gold: str = ""
    first_row: str = ""
    evidence: Evidence = NO_EVIDENCE

    def stands(self, guard: Guard | None) -> bool:
        """Returns whether this is what a sweep with the guard `guard` would have come to."""
        return not self.stopped or (guard is not None and guard.hash == self.guard)

"""What a rank is told to do; apart from the doing, so that giving orders needs no DeepSpeed."""

from dataclasses import dataclass
from pathlib import Path

from trainers.early_stopping import Guard
from trainers.job import Job


@dataclass(frozen=True, slots=True)
class RankTask:
    """A job, the folder it may write to, and the base checkpoint it starts from (trials).

    `base_weights` is the fingerprint that the files of that checkpoint must have, if it is known.

    `resume` is a training checkpoint of the same job (`trainers.checkpoint`) to go on from, and
    `guard` says when the training is lost and to be stopped.
    """

    job: Job
    folder: Path
    base: Path | None = None
    resume: Path | None = None
    guard: Guard | None = None
    base_weights: str = ""

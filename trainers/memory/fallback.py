"""How a job is run, as far as its result does not depend on it, and the way out of memory.

The same optimizer steps are taken whatever stands here; only rounding differs. So a job that ran
out of memory is run again with less of it, and stays the same job. Where rows of a batch change
each other's outputs, as under a batch normalisation, a batch stays as large as the job has it.
"""

from enum import StrEnum
from typing import Literal

from evals.choice import Settings
from trainers.job import Job


class Memory(StrEnum):
    """Which memory there was too little of."""

    DEVICE = "device"
    HOST = "host"


class Doing(StrEnum):
    """What a job was doing; a training with probes does either."""

    TRAINING = "training"
    EVALUATION = "evaluation"
    EITHER = "either"


class Execution(Settings):
    """What one rank holds at a time, and what it leaves to others or to the host's memory."""

    micro_batch_size: int
    eval_batch_size: int
    zero_stage: Literal[0, 1, 2, 3]
    offload_optimizer: bool
    offload_parameters: bool

    @classmethod
    def of(cls, job: Job) -> "Execution":
        """Returns how the job asks to be run."""
        return cls(
            micro_batch_size=job.training.micro_batch_size,
            eval_batch_size=job.evaluation.batch_size,
            zero_stage=job.engine.zero_stage,
            offload_optimizer=job.engine.offload_optimizer,
            offload_parameters=job.engine.offload_parameters,
        )

    def applied(self, job: Job) -> Job:
        """Returns the job as ranks shall run it; for its name and hash ask the job itself."""
        engine = self.model_dump(include={"zero_stage", "offload_optimizer", "offload_parameters"})
        training = {"micro_batch_size": self.micro_batch_size}
        evaluation = {"batch_size": self.eval_batch_size}
        return job.model_copy(
            update={
                "training": job.training.model_copy(update=training),
                "engine": job.engine.model_copy(update=engine),
                "evaluation": job.evaluation.model_copy(update=evaluation),
            }
        )

    @property
    def facts(self) -> dict[str, float]:
        """Returns what a result says of it."""
        shown = self.model_dump(include={"micro_batch_size", "zero_stage"})
        offloaded = dict.fromkeys(("offload_optimizer", "offload_parameters"), 1.0)
        return {
            **{name: float(value) for name, value in shown.items()},
            **{name: one for name, one in offloaded.items() if getattr(self, name)},
        }


def lighter(
    now: Execution,
    job: Job,
    *,
    world: int,
    short_of: Memory,
    doing: Doing,
    mixes_rows: bool = False,
) -> Execution | None:
    """Returns the next execution that needs less memory; None if there is none.

    First half the batch that a rank holds, with twice the accumulation, unless the model
    `mixes_rows` of a batch in training; then ZeRO stages 2 and 3, which share between ranks; then,
    if the device's memory is short, the host's takes the optimizer and then the parameters.
    `doing` is what the memory was too small for.
    """
    halves, trains = {}, doing != Doing.EVALUATION and job.checkpoint is None
    if trains and now.micro_batch_size > 1 and not mixes_rows:
        per_rank = job.training.batch_size // world
        halves["micro_batch_size"] = _half(now.micro_batch_size, per_rank)
    if (doing != Doing.TRAINING or job.checkpoint is not None) and now.eval_batch_size > 1:
        halves["eval_batch_size"] = now.eval_batch_size // 2
    if halves:
        return now.model_copy(update=halves)
    if job.checkpoint is not None:
        return None
    return _more_sharded(now, world) or _offloaded(now, short_of)


def _half(micro_batch_size: int, per_rank: int) -> int:
    """Returns the largest size of at most half that cuts a rank's share of the batch evenly."""
    sizes = range(1, micro_batch_size // 2 + 1)
    return max(size for size in sizes if per_rank % size == 0)


def _more_sharded(now: Execution, world: int) -> Execution | None:
    if world == 1 or now.zero_stage == 3:
        return None
    return now.model_copy(update={"zero_stage": 2 if now.zero_stage < 2 else 3})


def _offloaded(now: Execution, short_of: Memory) -> Execution | None:
    if short_of == Memory.HOST:
        return None
    if not now.offload_optimizer:
        stage = max(now.zero_stage, 1)
        return now.model_copy(update={"offload_optimizer": True, "zero_stage": stage})
    if not now.offload_parameters:
        return now.model_copy(update={"offload_parameters": True, "zero_stage": 3})
    return None

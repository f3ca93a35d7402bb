"""A job on record with the paths of today: what it was made of may have moved since."""

from pathlib import Path

from evals.errors import ConfigError
from orchestrator.baselines import given_weights
from orchestrator.config import SweepConfig
from trainers.job import Job, Phase


def relocated(job: Job, config: SweepConfig) -> Job:
    """Returns the same job with the benchmark's, model's and checkpoint's places in `config`.

    It keeps those of its record where the config's stand for something else: settings that give
    another hash, or a checkpoint with other weights. What the benchmark holds is not looked at.
    """
    given = {Phase.ORIGINAL: config.baselines.original, Phase.GOLD: config.baselines.gold}
    places = {
        "benchmark": config.benchmark,
        "model": config.model,
        "checkpoint": _checkpoint(job, given.get(job.phase)),
    }
    moved = job.model_copy(update=places)
    return moved if moved.hash == job.hash else job


def _checkpoint(job: Job, given: str | None) -> str | None:
    """Returns where the job's checkpoint is: at `given` if the weights there are the job's."""
    if job.checkpoint is None or given is None or job.checkpoint == given:
        return job.checkpoint
    try:
        weights = given_weights(given, phase=job.phase)
    except ConfigError:
        return job.checkpoint
    return str(Path(given).expanduser().resolve()) if weights == job.weights else job.checkpoint

"""What the scheduler hands to a trainable: a job, and where its inputs and outputs lie."""

from evals.choice import Settings
from orchestrator.gang_settings import CheckpointSettings, GangSettings
from trainers.guard import Guard
from trainers.job import Job


class Ticket(Settings):
    """A job to run in `storage`, by a gang of shape `gang`.

    `base` is the folder of the checkpoint that a trial starts from; `gold` the hash of the job
    whose score sheet the metrics compare with (None for the baselines themselves). `guard` says
    when the training is lost. `losses` counts how often the job was lost already, with all that
    was running it.
    """

    job: Job
    storage: str
    gang: GangSettings
    checkpoint: CheckpointSettings = CheckpointSettings()
    base: str | None = None
    gold: str | None = None
    guard: Guard | None = None
    losses: int = 0

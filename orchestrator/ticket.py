"""What the scheduler hands to a trainable: a job, and where its inputs and outputs lie."""

from evals.choice import Settings
from orchestrator.config import GangSettings
from trainers.job import Job


class Ticket(Settings):
    """A job to run in `storage`, by a gang of shape `gang`.

    `base` is the folder of the checkpoint that a trial starts from; `gold` the hash of the job
    whose score sheet the metrics compare with (None for the baselines themselves).
    """

    job: Job
    storage: str
    gang: GangSettings
    base: str | None = None
    gold: str | None = None

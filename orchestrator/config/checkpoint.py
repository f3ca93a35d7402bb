"""When jobs that are being trained are saved."""

from pydantic import Field

from evals.choice import Settings


class CheckpointSettings(Settings):
    """When a job that is being trained is saved, to be gone on with should its ranks be lost."""

    every_s: float | None = Field(300.0, gt=0)
    """Seconds of training between checkpoints (more, where writing one takes long); null for
    none. Training that is over sooner is not saved."""

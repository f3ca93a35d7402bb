"""What a plan reckons with."""

from pydantic import Field

from evals.choice import Settings


class PlanSettings(Settings):
    """What a plan reckons with where no finished job tells: operations a second."""

    gpu_tflops: float = Field(100.0, gt=0)
    """Of one GPU in training, in 10^12: a third of an A100's peak in bfloat16."""
    cpu_gflops: float = Field(20.0, gt=0)
    """Of one CPU core, in 10^9; small models reach less."""

"""What a plan reckons with."""

from pydantic import Field

from evals.choice import Settings


class PlanSettings(Settings):
    """What a plan reckons with where no finished job tells."""

    gpu_tflops: float = Field(100.0, gt=0)
    """Operations a second of one GPU in training, in 10^12: a third of an A100's peak in
    bfloat16."""
    cpu_gflops: float = Field(20.0, gt=0)
    """Those of one CPU core, in 10^9; small models reach less."""
    gpu_use: float = Field(0.5, gt=0, le=1)
    """The share of a GPU's time that one job keeps it busy, by which `gang: auto` has several share
    one; once jobs that had a GPU each are finished, theirs, measured against gpu_tflops."""

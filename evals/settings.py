"""Settings of an evaluation that a sweep's YAML may set, and what is measured by default."""

from pydantic import Field

from evals.choice import Settings

DEFAULT_OBJECTIVE = "log_forget_quality"
"""What a search makes the best of."""
DEFAULT_CONSTRAINED = "retain"
"""What a search keeps, and shows its objective against."""
DEFAULT_METRICS = ("real", DEFAULT_CONSTRAINED, "forget", DEFAULT_OBJECTIVE)


class EvaluationSettings(Settings):
    """What is measured after training."""

    metrics: tuple[str, ...] = DEFAULT_METRICS
    max_items: int = Field(300, ge=1)
    """At most this many items of each task, the first by position (the published code's 300)."""
    batch_size: int = Field(32, ge=1)
    max_length: int = Field(256, ge=8)
    max_new_tokens: int = Field(200, ge=1)
    """Longest generation (the published code's 200); only ROUGE reads generations."""

"""DeepSpeed's configuration, as it follows from ours; it loads no DeepSpeed."""

from typing import Any

from evals.errors import ConfigError
from trainers.settings import EngineSettings, TrainingSettings


def deepspeed_config(
    settings: EngineSettings, training: TrainingSettings, *, world: int
) -> dict[str, Any]:
    """Returns DeepSpeed's configuration.

    Raises:
        ConfigError: training.batch_size is no multiple of micro_batch_size * world.
    """
    part = training.micro_batch_size * world
    if training.batch_size % part:
        raise ConfigError(
            f"training.batch_size must be a multiple of training.micro_batch_size x ranks "
            f"({training.micro_batch_size} x {world}) but got {training.batch_size}; "
            f"change training.batch_size or training.micro_batch_size"
        )
    zero: dict[str, Any] = {"stage": settings.zero_stage}
    if settings.zero_stage == 3:
        # DeepSpeed would reduce a mixture's gradients after each pass of a step, and so twice where
        # a method has two. Experts that are one tensor have no need of it: all run in every pass.
        zero["leaf_module"] = {"classes": []}
    if settings.offload_optimizer:
        zero["offload_optimizer"] = {"device": "cpu"}
    if settings.offload_parameters:
        zero["offload_param"] = {"device": "cpu"}
    return {
        "train_batch_size": training.batch_size,
        "train_micro_batch_size_per_gpu": training.micro_batch_size,
        "gradient_accumulation_steps": training.batch_size // part,
        "gradient_clipping": settings.gradient_clipping,
        "bf16": {"enabled": settings.dtype == "bf16"},
        "zero_optimization": zero,
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "steps_per_print": None,
        "log_level": "error",
    }

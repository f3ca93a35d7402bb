"""What is used of DeepSpeed, imported without MLflow, which a rank has no use for.

DeepSpeed's autotuner imports MLflow wherever it is installed, which takes every rank a second.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Lets imports of a module fail that nobody has imported yet."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


with _without("mlflow"):
    import deepspeed
    from deepspeed.runtime.zero import GatheredParameters
    from deepspeed.runtime.zero.parameter_offload import FWD_MODULE_STACK
    from deepspeed.runtime.zero.partitioned_param_coordinator import (
        PartitionedParameterCoordinator,
    )
    from deepspeed.utils import (
        lazy_init_hp_params_optimizer_state,
        safe_get_full_fp32_param,
        safe_get_full_optimizer_state,
        safe_get_local_fp32_param,
        safe_set_full_fp32_param,
        safe_set_full_optimizer_state,
        safe_set_local_fp32_param,
        safe_set_local_optimizer_state,
    )

__all__ = [
    "FWD_MODULE_STACK",
    "GatheredParameters",
    "PartitionedParameterCoordinator",
    "deepspeed",
    "lazy_init_hp_params_optimizer_state",
    "safe_get_full_fp32_param",
    "safe_get_full_optimizer_state",
    "safe_get_local_fp32_param",
    "safe_set_full_fp32_param",
    "safe_set_full_optimizer_state",
    "safe_set_local_fp32_param",
    "safe_set_local_optimizer_state",
]

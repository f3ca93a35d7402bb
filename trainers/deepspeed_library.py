"""What is used of DeepSpeed, without what of it takes every rank seconds to start.

DeepSpeed's autotuner imports MLflow wherever it is installed; and the first engine imports the Muon
optimizer, which nobody here uses, but whose torch.compile imports the whole compiler.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

F = TypeVar("F")


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Lets the import of a module fail that nobody has imported yet."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


@contextmanager
def _uncompiled() -> Iterator[None]:
    """Leaves functions as they are that torch would compile."""
    compiled = torch.compile
    torch.compile = _as_it_is  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.compile = compiled


def _as_it_is(function: F) -> F:
    return function


with _without("mlflow"):
    import deepspeed
    from deepspeed.runtime.zero import GatheredParameters
    from deepspeed.runtime.zero.linear import zero3_linear_wrap
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

with _uncompiled():
    import deepspeed.runtime.zero.muon.muon_optimizer  # noqa: F401

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
    "zero3_linear_wrap",
]

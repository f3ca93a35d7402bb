"""Reading and writing whole parameters that DeepSpeed has sharded, and forgetting a trial.

What DeepSpeed holds differs by stage: at ZeRO 0 in fp32 the parameter itself is optimized; at
ZeRO 0 in bf16 and at 1 and 2 there is a float32 master beside the low-precision parameter; at
ZeRO 3 the parameter is an empty placeholder and each rank holds a slice of copy and master.
"""

from typing import Any

import deepspeed
import torch
import torch.distributed as dist
from deepspeed.runtime.zero import GatheredParameters
from deepspeed.utils import safe_get_full_fp32_param, safe_set_full_fp32_param
from torch import Tensor, nn

NEVER_NEEDED_OP = "deepspeed_shm_comm"


def avoid_compiling() -> None:
    """Keeps DeepSpeed from compiling its shared-memory all-reduce on the CPU.

    It is for inference only, takes half a minute of g++ on first use, and fails without one.
    """
    deepspeed.ops.__dict__.setdefault("__compatible_ops__", {})[NEVER_NEEDED_OP] = False


def read(engine: Any, parameter: nn.Parameter) -> Tensor:
    """Returns a whole float32 CPU copy of a trainable parameter, on every rank."""
    master = _unsharded_master(engine, parameter)
    if master is None:
        master = safe_get_full_fp32_param(parameter)
    return master.detach().float().cpu().clone()


def write(engine: Any, parameter: nn.Parameter, value: Tensor) -> None:
    """Sets a trainable parameter, the low-precision copy and the master, to rounded `value`."""
    rounded = value.to(parameter.dtype)
    master = _unsharded_master(engine, parameter)
    if master is not None:
        master.data.copy_(rounded)
    else:
        safe_set_full_fp32_param(parameter, rounded.float())
    with GatheredParameters([parameter], modifier_rank=0):
        parameter.data.copy_(rounded)


def forget(engine: Any, optimizer: torch.optim.Optimizer) -> None:
    """Drops moments, step counts and every gradient, finished or not."""
    for state in optimizer.state.values():
        for value in state.values():
            if isinstance(value, Tensor):
                value.zero_()
    engine.micro_steps = 0
    engine.zero_grad()
    engine.optimizer.zero_grad()


def prepare_backward(engine: Any) -> None:
    """Tells ZeRO what `engine.forward` would, so that the model may be called by itself."""
    optimizer = engine.optimizer
    if hasattr(optimizer, "clear_backward_seen_flag"):
        optimizer.clear_backward_seen_flag()
    if hasattr(optimizer, "set_gradient_accumulation_boundary"):
        optimizer.set_gradient_accumulation_boundary(engine.is_gradient_accumulation_boundary())


def whole_state(module: nn.Module) -> dict[str, Tensor]:
    """Returns the model's whole state dict on the CPU of rank 0; empty elsewhere."""
    names = {id(value): name for name, value in module.named_parameters(remove_duplicate=False)}
    state: dict[str, Tensor] = {}
    for name, value in module.state_dict(keep_vars=True).items():
        with GatheredParameters([value] if id(value) in names else []):
            if dist.get_rank() == 0:
                state[name] = value.detach().cpu().clone()
    return state


def _unsharded_master(engine: Any, parameter: nn.Parameter) -> Tensor | None:
    """Returns the whole tensor that is optimized for `parameter`, or None if ZeRO has it."""
    if engine.zero_optimization_stage() > 0:
        return None
    optimizer = engine.optimizer
    if not hasattr(optimizer, "fp32_groups"):
        return parameter
    pairs = zip(optimizer.fp16_groups, optimizer.fp32_groups, strict=True)
    for copies, masters in pairs:
        for copy, master in zip(copies, masters, strict=True):
            if copy is parameter:
                found: Tensor = master
                return found
    raise AssertionError("the parameter is not one that the engine trains")

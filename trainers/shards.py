"""Reading and writing whole parameters that DeepSpeed has sharded, and forgetting a trial.

What DeepSpeed holds differs by stage: at ZeRO 0 in fp32 the parameter itself is optimized; at
ZeRO 0 in bf16 and at 1 and 2 there is a float32 master beside the low-precision parameter; at
ZeRO 3 the parameter is an empty placeholder and each rank holds a slice of copy and master.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from trainers.deepspeed_library import (
    FWD_MODULE_STACK,
    GatheredParameters,
    PartitionedParameterCoordinator,
    deepspeed,
    lazy_init_hp_params_optimizer_state,
    safe_get_full_fp32_param,
    safe_get_full_optimizer_state,
    safe_get_local_fp32_param,
    safe_set_full_fp32_param,
    safe_set_full_optimizer_state,
    safe_set_local_fp32_param,
    safe_set_local_optimizer_state,
    zero3_linear_wrap,
)
from trainers.optimizer import WithL1

STEP = "step"
"""The number of steps in the state of an optimizer that counts them."""

NEVER_NEEDED_OP = "deepspeed_shm_comm"
PLAIN_LINEAR = nn.functional.linear
CACHED_METHOD = "_PartitionedParameterCoordinator__params_to_release"


def kinds_of(optimizer: WithL1) -> tuple[str, ...]:
    """Returns the names of all that an optimizer keeps for a parameter."""
    return (*optimizer.moments, *((STEP,) if optimizer.counts_steps else ()))


def avoid_compiling() -> None:
    """Keeps DeepSpeed from compiling its shared-memory all-reduce on the CPU.

    It is for inference only, takes half a minute of g++ on first use, and fails without one.
    """
    deepspeed.ops.__dict__.setdefault("__compatible_ops__", {})[NEVER_NEEDED_OP] = False


def silence_deprecations() -> None:
    """Hides torch's word on collectives that DeepSpeed calls by their old names, at every call."""
    warnings.filterwarnings(
        "ignore", message="`torch.distributed.* is deprecated", category=FutureWarning
    )


def read(engine: Any, parameter: nn.Parameter) -> Tensor:
    """Returns a whole float32 CPU copy of a trainable parameter, on every rank."""
    master = _unsharded_master(engine, parameter)
    if master is None:
        master = safe_get_full_fp32_param(parameter)
    return master.detach().float().cpu().clone()


def write(engine: Any, parameter: nn.Parameter, value: Tensor) -> None:
    """Sets a trainable parameter: the master to `value`, the low-precision copy to it rounded."""
    value = value.float()
    master = _unsharded_master(engine, parameter)
    if master is not None:
        master.data.copy_(value)
    elif hasattr(parameter, "ds_id"):
        safe_set_local_fp32_param(parameter, _own_slice(parameter, value))
    else:
        safe_set_full_fp32_param(parameter, value)
    with GatheredParameters([parameter], modifier_rank=0):
        parameter.data.copy_(value)


def optimized(engine: Any, optimizer: WithL1) -> list[Tensor]:
    """Returns the tensors that this rank's optimizer steps: the weights, or its part of them.

    A part ends in zeros, which ZeRO-3 leaves to chance.
    """
    stage = engine.zero_optimization_stage()
    if stage == 0:
        return [value for group in optimizer.param_groups for value in group["params"]]
    if stage < 3:
        return list(engine.optimizer.single_partition_of_fp32_groups)
    for parameter in engine.module.parameters():
        if parameter.requires_grad:
            _clear_padding(parameter)
    return list(engine.optimizer.fp32_partitioned_groups_flat)


def refresh_copies(engine: Any) -> None:
    """Sets the low-precision weights, on all ranks, to what the optimizer's tensors say."""
    sharded, stage = engine.optimizer, engine.zero_optimization_stage()
    if stage in (1, 2):
        sharded.update_lp_params()
    elif stage == 3:
        sharded.parameter_offload.partition_all_parameters()
        for index in range(len(sharded.fp32_partitioned_groups_flat)):
            sharded._reassign_or_swap_out_partitioned_parameters(index)
        if sharded.persistent_parameters:
            sharded.persistent_parameters[0].all_gather(sharded.persistent_parameters)
    elif hasattr(sharded, "fp32_groups"):
        for copies, masters in zip(sharded.fp16_groups, sharded.fp32_groups, strict=True):
            for copy, master in zip(copies, masters, strict=True):
                copy.data.copy_(master.data)


def read_moments(engine: Any, optimizer: WithL1, parameter: nn.Parameter) -> dict[str, Tensor]:
    """Returns whole CPU copies of what the optimizer keeps for a parameter, on every rank.

    Nothing, if it has never been stepped: without ZeRO a parameter without a gradient is not.
    """
    master = _unsharded_master(engine, parameter)
    if master is not None:
        found = {**optimizer.state.get(master, {})}
    else:
        state = _sharded_state(engine, optimizer)[0]
        found = {k: safe_get_full_optimizer_state(parameter, k) for k in optimizer.moments}
        if optimizer.counts_steps:
            found[STEP] = state[STEP]
    # SGD keeps None for a parameter that was never stepped.
    return {k: value.detach().cpu().clone() for k, value in found.items() if value is not None}


def write_moments(
    engine: Any,
    optimizer: WithL1,
    parameter: nn.Parameter,
    moments: Mapping[str, Tensor],
) -> None:
    """Sets what the optimizer keeps for a parameter; nothing given leaves it as it is."""
    master = _unsharded_master(engine, parameter)
    if master is not None:
        if moments:
            device = {kind: "cpu" if kind == STEP else master.device for kind in moments}
            optimizer.state[master] = {k: v.to(device[k]).clone() for k, v in moments.items()}
        return
    states = _sharded_state(engine, optimizer)
    for kind, value in moments.items():
        if kind == STEP:
            for state in states:
                state[STEP].copy_(value)
        elif hasattr(parameter, "ds_id"):
            safe_set_local_optimizer_state(parameter, _own_slice(parameter, value), kind)
        else:
            safe_set_full_optimizer_state(parameter, value, kind)


def forget(engine: Any, optimizer: WithL1) -> None:
    """Drops moments, step counts and every gradient, of a finished accumulation or not."""
    for state in optimizer.state.values():
        for value in state.values():
            if isinstance(value, Tensor):
                value.zero_()
    engine.micro_steps = 0
    engine.zero_grad()
    engine.optimizer.zero_grad()
    stage = engine.zero_optimization_stage()
    if stage in (1, 2):
        _forget_gradients_of_stage_2(engine.optimizer)
    elif stage == 3:
        _forget_gradients_of_stage_3(engine.optimizer)


def prepare_backward(engine: Any) -> None:
    """Tells ZeRO what `engine.forward` would, so that the model may be called by itself.

    Without it ZeRO-3 would overwrite accumulated gradients, and offloading stages would not
    know which micro-batch is the last.
    """
    optimizer = engine.optimizer
    if engine.zero_optimization_stage() > 0:
        optimizer.clear_backward_seen_flag()
        optimizer.set_gradient_accumulation_boundary(engine.is_gradient_accumulation_boundary())


def whole_state(module: nn.Module) -> dict[str, Tensor]:
    """Returns the model's whole state dict on the CPU of rank 0; empty elsewhere.

    Tied weights stay one tensor, so that they are saved once.
    """
    state: dict[str, Tensor] = {}
    copies: dict[int, Tensor] = {}
    for name, value in module.state_dict(keep_vars=True).items():
        with GatheredParameters([value] if hasattr(value, "ds_id") else []):
            if dist.get_rank() == 0:
                if id(value) not in copies:
                    copies[id(value)] = value.detach().cpu().clone()
                state[name] = copies[id(value)]
    return state


def close(engine: Any, module: nn.Module) -> None:
    """Ends the engine and takes its hooks off the model, so that both can be freed."""
    engine.module_forward_pre_hook.remove()
    engine.module_forward_post_hook.remove()
    engine.destroy()
    # ZeRO-3 puts a linear product of its own in the place of torch's, for whatever is computed
    # next in the process too, whose last bit would then hang on what was trained before.
    if nn.functional.linear is zero3_linear_wrap:
        nn.functional.linear = PLAIN_LINEAR
    # It leaves the model in a global list of the modules being run, and its layers in the cache of
    # a class's method; either would keep the weights for the life of the process.
    own = {id(part) for part in module.modules()}
    FWD_MODULE_STACK[:] = [part for part in FWD_MODULE_STACK if id(part) not in own]
    cached = getattr(PartitionedParameterCoordinator, CACHED_METHOD)
    for cell in cached.__closure__:
        if hasattr(cell.cell_contents, "cache_clear"):
            cell.cell_contents.cache_clear()


def _sharded_state(engine: Any, optimizer: WithL1) -> list[dict[str, Tensor]]:
    """Returns the optimizer's state of each flat part of the weights, linked to the parameters.

    Before the first step there is none, so that it is made; DeepSpeed would link it only once,
    after the step of the first group, when the others have none yet.
    """
    sharded = engine.optimizer
    if engine.zero_optimization_stage() == 3:
        flats = sharded.fp32_partitioned_groups_flat
    else:
        flats = sharded.single_partition_of_fp32_groups
    for flat in flats:
        if not optimizer.state[flat]:
            count = {STEP: torch.tensor(0.0)} if optimizer.counts_steps else {}
            fresh = {kind: torch.zeros_like(flat) for kind in optimizer.moments}
            optimizer.state[flat] = {**fresh, **count}
    if engine.zero_optimization_stage() < 3:
        for copies, flat in zip(sharded.bit16_groups, flats, strict=True):
            lazy_init_hp_params_optimizer_state(copies, flat, optimizer.state)
    return [optimizer.state[flat] for flat in flats]


def _unsharded_master(engine: Any, parameter: nn.Parameter) -> Tensor | None:
    """Returns the whole tensor that is optimized for `parameter`, or None if ZeRO has it."""
    if engine.zero_optimization_stage() > 0:
        return None
    optimizer = engine.optimizer
    if not hasattr(optimizer, "fp32_groups"):
        return parameter
    for copies, masters in zip(optimizer.fp16_groups, optimizer.fp32_groups, strict=True):
        for copy, master in zip(copies, masters, strict=True):
            if copy is parameter:
                found: Tensor = master
                return found
    raise AssertionError("the parameter is not one that the engine trains")


def _own_slice(parameter: Any, value: Tensor) -> Tensor:
    """Returns this rank's part of `value`, cut as ZeRO-3 cuts: equal parts, zeros at the end."""
    size = parameter.ds_tensor.numel()
    padded = torch.zeros(size * dist.get_world_size(parameter.ds_process_group))
    padded[: value.numel()] = value.flatten()
    start = size * dist.get_rank(parameter.ds_process_group)
    return padded[start : start + size]


def _clear_padding(parameter: Any) -> None:
    """Zeroes what of this rank's part lies behind the end of a parameter that ZeRO-3 sharded."""
    part = safe_get_local_fp32_param(parameter).clone()
    start = part.numel() * dist.get_rank(parameter.ds_process_group)
    part[max(0, parameter.ds_numel - start) :] = 0
    safe_set_local_fp32_param(parameter, part)


def _forget_gradients_of_stage_2(optimizer: Any) -> None:
    """Does what DeepSpeed does itself when it throws a batch away for an overflow, and more."""
    optimizer.micro_step_id = -1  # counted up before the first gradient arrives
    optimizer._epilogue_ran_this_backward = False
    for index in range(len(optimizer.bit16_groups)):
        optimizer.averaged_gradients[index] = None
        optimizer.all_grad_tensors[index] = None
        if optimizer.cpu_offload:
            optimizer.single_partition_of_fp32_groups[index].grad.zero_()
    if optimizer.cpu_offload:
        optimizer.reset_cpu_buffers()


def _forget_gradients_of_stage_3(optimizer: Any) -> None:
    optimizer.averaged_gradients = {}
    optimizer.grad_partitions_flat_buffer.zero_()
    if optimizer.offload_optimizer:
        for partition in optimizer.fp32_partitioned_groups_flat:
            partition.grad.zero_()
        optimizer.reset_cpu_buffers()

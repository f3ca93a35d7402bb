"""What DeepSpeed does for the sake of other ranks, left out where there are none.

At ZeRO 1 and 2 it copies gradients into a bucket, reduces them over its ranks and copies them to a
buffer of its own, and takes the norm of each parameter by itself, in several calls. On one rank
gradients may stay where they are, which spares both buffers and a hook on every parameter, and the
norm is one call, to the same last bit. Nor do parameters move, so that they need not be pointed to
their places after each step. Without ZeRO it copies gradients to a bucket and back, and clips them
one by one. For small models all that is a part of every step.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from trainers.adapters import trainable

STAGES = (1, 2)


def spare_reductions(engine: Any) -> None:
    """Has an engine that is alone reduce nothing; every other engine stays as it is."""
    if engine.world_size > 1:
        return
    stage = engine.zero_optimization_stage()
    if stage in STAGES:
        _spare_reductions_of_zero(engine.optimizer)
    elif stage == 0 and not engine.bfloat16_enabled():
        weights = [value for _, value in trainable(engine.module)]
        engine.allreduce_no_retain = _nothing
        engine.clip_fp32_gradients = partial(_clip, weights, longest=engine.gradient_clipping())


def _spare_reductions_of_zero(sharded: Any) -> None:
    if sharded.cpu_offload or sharded.has_moe_layers:
        return
    groups = range(len(sharded.bit16_groups))
    if not any(sharded._use_compact_grad_partition_buffer(group) for group in groups):
        sharded.setup_buckets = _nothing
        sharded.reduce_independent_p_g_buckets_and_remove_grads = _nothing
        sharded.reduce_ipg_grads = _nothing
        for hook in sharded._grad_acc_hooks:  # which nothing is left for to do
            hook.remove()
    sharded.allreduce_and_scatter = partial(_scatter, sharded.allreduce_and_scatter)
    sharded.get_grad_norm_direct = partial(_norm, sharded.get_grad_norm_direct)
    sharded._update_model_bit16_weights = _nothing


def _nothing(*args: Any, **how: Any) -> None:
    """Stands in for what concerns other ranks alone."""


def _scatter(reduce: Callable[..., None], bucket: Sequence[Any], *args: Any, **how: Any) -> None:
    """Leaves gradients where they are, unless they are wanted elsewhere, too."""
    if any(len(part) > 2 and part[2] is not None for part in bucket):
        reduce(bucket, *args, **how)


def _norm(
    of_ranks: Callable[..., Tensor],
    gradients: Sequence[Tensor],
    params: Sequence[Any],
    norm_type: float = 2,
) -> Tensor:
    """Returns the norm of a group's gradients, -1 where it is no number, as DeepSpeed has it."""
    own = [each for each in gradients if not getattr(each, "_zero_padding", False)]
    if norm_type != 2 or not own or len(own) != len(params):
        return of_ranks(gradients, params, norm_type)
    norms = torch._foreach_norm([each.detach() for each in own], 2, dtype=torch.double)
    norm = torch.stack(norms).pow(2).sum().float().pow(0.5)
    return torch.where(norm.isfinite(), norm, -1.0)


def _clip(weights: Sequence[nn.Parameter], *, longest: float) -> None:
    """Scales gradients down to a norm of `longest` together, as DeepSpeed does without ZeRO."""
    gradients = [value.grad for value in weights if value.grad is not None]
    norm = torch.stack(torch._foreach_norm(gradients, 2)).square().sum().sqrt()
    torch._foreach_mul_(gradients, (norm.new_tensor(longest) / (norm + 1e-6)).clamp(max=1.0))

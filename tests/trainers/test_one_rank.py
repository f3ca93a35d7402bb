"""What is left out on one rank; that its steps are the same, test_engine shows."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from trainers.one_rank import spare_reductions


class Sharded:
    """DeepSpeed's optimizer, as far as it is changed; it remembers what it is still asked for."""

    cpu_offload = False
    has_moe_layers = False
    bit16_groups = ((), ())

    def __init__(self, *, compact: bool = False) -> None:
        self.asked: list[str] = []
        self.compact = compact
        self.weight = nn.Parameter(torch.ones(2))
        hook = self.weight.register_post_accumulate_grad_hook(lambda _: self.asked.append("hook"))
        self._grad_acc_hooks = [hook]

    def _use_compact_grad_partition_buffer(self, group):
        return self.compact and group == 1

    def setup_buckets(self):
        self.asked.append("buckets")

    def reduce_independent_p_g_buckets_and_remove_grads(self, param, group):
        self.asked.append("copy")

    def reduce_ipg_grads(self, comm_dtype=None):
        self.asked.append("gather")

    def allreduce_and_scatter(self, bucket, dtype, divide=True):
        self.asked.append("reduce")

    def _update_model_bit16_weights(self, group):
        self.asked.append("point")

    def get_grad_norm_direct(self, gradients, params, norm_type=2):
        self.asked.append("norm")
        return torch.tensor(7.0)


def spared(*, ranks: int = 1, stage: int = 2, **settings: bool) -> Sharded:
    sharded = Sharded(compact=settings.pop("compact", False))
    for name, value in settings.items():
        setattr(sharded, name, value)
    engine = SimpleNamespace(
        optimizer=sharded,
        world_size=ranks,
        zero_optimization_stage=lambda: stage,
        bfloat16_enabled=lambda: True,
    )
    spare_reductions(engine)
    return sharded


class Unsharded:
    """DeepSpeed's engine without ZeRO, as far as it is changed."""

    optimizer = None

    def __init__(self, weights, *, ranks: int = 1, bf16: bool = False) -> None:
        self.module = nn.ParameterList([*weights, nn.Parameter(torch.ones(3), requires_grad=False)])
        self.world_size = ranks
        self.bf16 = bf16
        self.asked: list[str] = []

    def zero_optimization_stage(self):
        return 0

    def bfloat16_enabled(self):
        return self.bf16

    def gradient_clipping(self):
        return 0.7

    def allreduce_no_retain(self, bucket, dp_group, dp_world_size=None):
        self.asked.append("reduce")

    def clip_fp32_gradients(self):
        self.asked.append("clip")


def gradients(dtype=torch.float32) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(size, generator=generator).to(dtype) for size in ((7,), (3, 5), (1,), (2, 9))
    ]


@pytest.mark.parametrize("stage", [1, 2])
def test_one_rank_reduces_nothing(stage):
    sharded = spared(stage=stage)
    sharded.allreduce_and_scatter([(frozenset({0}), torch.ones(2), None)], None, divide=False)
    assert sharded.asked == []
    sharded.allreduce_and_scatter([(frozenset({0}), torch.ones(2), torch.ones(2))], None)
    assert sharded.asked == ["reduce"]


def handled(sharded: Sharded) -> list[str]:
    """Returns what is still asked for when gradients are there."""
    sharded.weight.sum().backward()
    sharded.setup_buckets()
    sharded.reduce_independent_p_g_buckets_and_remove_grads(None, 0)
    sharded.reduce_ipg_grads()
    return sharded.asked


@pytest.mark.parametrize("stage", [1, 2])
def test_gradients_of_one_rank_are_copied_into_no_bucket(stage):
    assert handled(spared(stage=stage)) == []
    assert handled(spared(stage=stage, ranks=2)) == ["hook", "buckets", "copy", "gather"]


def test_gradients_that_are_kept_in_another_precision_are_copied_as_ever():
    assert handled(spared(compact=True)) == ["hook", "buckets", "copy", "gather"]


@pytest.mark.parametrize("ranks", [1, 2])
def test_parameters_of_one_rank_stay_where_they_are(ranks):
    sharded = spared(ranks=ranks)
    sharded._update_model_bit16_weights(0)
    assert sharded.asked == ["point"][: ranks - 1]


@pytest.mark.parametrize(
    "kind",
    [{"ranks": 2}, {"stage": 3}, {"stage": 0}, {"cpu_offload": True}, {"has_moe_layers": True}],
)
def test_other_engines_stay_as_they_are(kind):
    sharded = spared(**kind)
    sharded.allreduce_and_scatter([], None)
    sharded.get_grad_norm_direct(gradients(), [None] * 4)
    assert sharded.asked == ["reduce", "norm"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_norm_is_deepspeed_s_to_the_last_bit(dtype):
    found = gradients(dtype)
    padding = torch.ones(3)
    padding._zero_padding = True
    each = [torch.linalg.vector_norm(g.double(), ord=2.0) for g in found]
    expected = torch.stack(each).pow(2.0).sum().float().pow(1.0 / 2.0)
    sharded = spared()
    assert torch.equal(sharded.get_grad_norm_direct([*found, padding], [None] * 4), expected)
    assert sharded.asked == []


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_a_norm_that_is_no_number_is_minus_one(value):
    assert spared().get_grad_norm_direct([torch.tensor([1.0, value])], [None]).item() == -1.0


def test_another_norm_or_none_at_all_is_left_to_deepspeed():
    sharded = spared()
    sharded.get_grad_norm_direct(gradients(), [None] * 4, math.inf)
    sharded.get_grad_norm_direct([], [])
    assert sharded.asked == ["norm", "norm"]


@pytest.mark.parametrize("kind", [{"ranks": 2}, {"bf16": True}])
def test_without_zero_other_engines_stay_as_they_are(kind):
    engine = Unsharded([nn.Parameter(torch.ones(2))], **kind)
    spare_reductions(engine)
    engine.allreduce_no_retain([], None)
    engine.clip_fp32_gradients()
    assert engine.asked == ["reduce", "clip"]


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_without_zero_gradients_are_clipped_as_deepspeed_does_to_the_last_bit(scale):
    values = [gradient * scale for gradient in gradients()]
    weights = [nn.Parameter(torch.zeros_like(value)) for value in [*values, values[0]]]
    expected = [nn.Parameter(torch.zeros_like(value)) for value in values]
    for own, others, value in zip(weights, expected, values, strict=False):
        own.grad, others.grad = value.clone(), value.clone()
    engine = Unsharded(weights)
    spare_reductions(engine)
    engine.allreduce_no_retain([], None)
    engine.clip_fp32_gradients()
    deepspeeds_clip(expected, max_norm=0.7)
    assert engine.asked == []
    assert weights[-1].grad is None
    for own, others in zip(weights, expected, strict=False):
        assert torch.equal(own.grad, others.grad)


def deepspeeds_clip(weights, *, max_norm: float) -> None:
    """What `deepspeed.runtime.utils.clip_grad_norm_` does on one rank."""
    norms = [weight.grad.detach().float().norm(2.0) for weight in weights]
    total = torch.stack(norms).pow(2.0).sum().float().pow(1.0 / 2.0)
    factor = torch.min(torch.tensor([1.0]), torch.tensor([max_norm]) / (total + 1e-6))
    for weight in weights:
        weight.grad.mul_(factor)

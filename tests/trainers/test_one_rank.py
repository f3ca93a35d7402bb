"""What is left out on one rank; that its steps are the same, test_engine shows."""

import math
from types import SimpleNamespace

import pytest
import torch

from trainers.one_rank import spare_reductions


class Sharded:
    """DeepSpeed's optimizer, as far as it is changed; it remembers what it is still asked for."""

    cpu_offload = False
    has_moe_layers = False
    bit16_groups = ((), ())

    def __init__(self, *, compact: bool = False) -> None:
        self.asked: list[str] = []
        self.compact = compact

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

    def get_grad_norm_direct(self, gradients, params, norm_type=2):
        self.asked.append("norm")
        return torch.tensor(7.0)


def spared(*, ranks: int = 1, stage: int = 2, **settings: bool) -> Sharded:
    sharded = Sharded(compact=settings.pop("compact", False))
    for name, value in settings.items():
        setattr(sharded, name, value)
    engine = SimpleNamespace(
        optimizer=sharded, world_size=ranks, zero_optimization_stage=lambda: stage
    )
    spare_reductions(engine)
    return sharded


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
    sharded.setup_buckets()
    sharded.reduce_independent_p_g_buckets_and_remove_grads(None, 0)
    sharded.reduce_ipg_grads()
    return sharded.asked


@pytest.mark.parametrize("stage", [1, 2])
def test_gradients_of_one_rank_are_copied_into_no_bucket(stage):
    assert handled(spared(stage=stage)) == []
    assert handled(spared(stage=stage, ranks=2)) == ["buckets", "copy", "gather"]


def test_gradients_that_are_kept_in_another_precision_are_copied_as_ever():
    assert handled(spared(compact=True)) == ["buckets", "copy", "gather"]


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

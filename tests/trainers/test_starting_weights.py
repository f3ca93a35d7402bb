import math

import torch
from torch import Tensor

from trainers import starting_weights
from trainers.starting_weights import Change, StartingWeights

HERE = {"dtype": torch.float32, "is_sharded": False, "device": torch.device("cpu")}


def changed(*moves: list[float]) -> tuple[list[Tensor], StartingWeights]:
    """Weights that were 3 and 4 (and 0 for the rest), and have been moved."""
    weights = [torch.tensor([3.0, 4.0]), torch.zeros(3)]
    start = StartingWeights(weights)
    for weight, move in zip(weights, moves, strict=True):
        weight += torch.tensor(move)
    return weights, start


def test_a_change_is_counted_and_measured():
    _, start = changed([0.0, -0.5], [0.0, 0.0, 2.0])
    change = start.change(5, **HERE)
    assert change == Change(5, 3, 2, l1_norm=2.5, norm=math.sqrt(4.25), start_norm=5.0)


def test_a_change_that_rounding_takes_back_is_none():
    _, start = changed([0.001, 0.1], [0.0, 0.0, 0.0])
    change = start.change(5, **{**HERE, "dtype": torch.bfloat16})
    # 3.001 is rounded to 3, and 4.1, between 4.09375 and 4.125, to the former.
    assert change == Change(5, 4, 3, l1_norm=0.09375, norm=0.09375, start_norm=5.0)


def test_zeros_at_the_end_of_a_part_are_no_weights():
    _, start = changed([0.0, -0.5], [0.0, 0.0, 0.0])
    change = start.change(3, **HERE)
    assert (change.num_kept, change.num_zero) == (2, 1)


def test_a_change_in_pieces_is_the_same(monkeypatch):
    _, start = changed([0.0, -0.5], [0.0, 0.0, 2.0])
    whole = start.change(5, **HERE)
    monkeypatch.setattr(starting_weights, "CHUNK", 2)
    assert start.change(5, **HERE) == whole


def test_a_weight_that_is_not_a_number_makes_the_norms_none():
    _, start = changed([0.0, math.nan], [0.0, 0.0, 0.0])
    change = start.change(5, **HERE)
    assert change.num_kept == 4
    assert math.isnan(change.l1_norm)
    assert math.isnan(change.norm)


def test_weights_go_back_to_what_they_were_in_place():
    weights, start = changed([1.0, 1.0], [1.0, 1.0, 1.0])
    start.restore()
    assert [weight.tolist() for weight in weights] == [[3.0, 4.0], [0.0, 0.0, 0.0]]


def test_anchors_are_the_start_and_no_second_copy_on_a_cpu():
    weights, start = changed([1.0, 1.0], [0.0, 0.0, 0.0])
    first, second = start.anchors(), start.anchors()
    assert first[weights[0]].tolist() == [3.0, 4.0]
    assert first[weights[0]] is second[weights[0]]


def test_weights_go_as_far_to_the_other_side_in_place():
    weights, start = changed([1.0, -0.5], [0.0, 0.0, 2.0])
    start.negate(0.5)
    assert [weight.tolist() for weight in weights] == [[2.5, 4.25], [0.0, 0.0, -1.0]]

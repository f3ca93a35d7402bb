"""A model that answers each row as a whole is measured by what its layers put out."""

import torch
from torch import nn

from trainers.memory.footprint import Weights
from trainers.memory.measured_size import MeasuredSize, forward_size
from trainers.requirements import ReferenceUse, Requirements, Source


class Halves(nn.Module):
    """Two layers: 8 numbers become 4, and those 2."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(8, 4), nn.Linear(4, 2)

    def forward(self, places):
        return self.second(self.first(places))


def test_a_rows_outputs_and_operations_are_counted_on_the_meta_device():
    with torch.device("meta"):
        model, places = Halves(), torch.empty(3, 8)
    # 4 + 2 floats; 2 operations for each of 8 x 4 and 4 x 2 weights.
    assert forward_size(model, {"places": places}, num_rows=3) == (24, 24, 80.0)


def test_a_step_takes_all_outputs_and_an_evaluation_the_largest_two():
    weights = Weights(42, 42, 8, 42, loaded_bytes=4, entry_bytes=4)
    size = MeasuredSize(weights, row_bytes=24, largest_bytes=16, row_flops=80.0)
    both = frozenset({Source.FORGET, Source.RETAIN})
    asked = Requirements(both, likelihoods=both)
    assert size.training_bytes(asked, num_rows=5, length=1, num_labels=1) == 24 * 5 * 2
    assert size.evaluation_bytes(num_rows=5, length=1, num_labels=1, num_generated=9) == 16 * 5
    work = size.training_flops(asked, num_rows=5, length=1, on_gpu=False)
    assert work >= 3 * 80 * 5 * 2
    assert asked.reference_use != ReferenceUse.NONE
    assert size.forward_flops(num_passes=2, num_rows=5, length=1, on_gpu=True) == 80 * 10

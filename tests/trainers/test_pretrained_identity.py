import torch

from trainers.pretrained import Running
from trainers.pretrained_identity import shape_from_scratch


def test_random_weights_are_held_in_float32_unless_somebody_asks_for_less() -> None:
    assert shape_from_scratch(None, Running(), num_layers=3).dtype == torch.float32
    shape = shape_from_scratch(None, Running(dtype="bf16"), num_layers=3)
    assert (shape.num_layers, shape.dtype) == (3, torch.bfloat16)

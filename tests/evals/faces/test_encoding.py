"""Pictures become rows with a person each."""

import numpy as np
import torch

from evals.faces.encoding import Encoder, Processor
from evals.faces.example import Face
from evals.pictures.picture import Picture

PLAIN = Processor((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def face(label: int) -> Face:
    """A picture of 2 x 3 pixels, whose reds are 10 times the label plus 0, 1, 2 by column."""
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[:, :, 0] = 10 * label + np.arange(3)
    return Face(f"f{label}", f"person {label}", label, Picture(pixels))


def reds(rows) -> list[list[int]]:
    values = Encoder(PLAIN).collate(rows).inputs["pixel_values"]
    return (values[:, 0, 0] * 255).round().int().tolist()


def test_a_twin_is_the_same_person_in_a_mirror() -> None:
    encoder, first, second = Encoder(PLAIN), face(1), face(2)
    rows = [encoder.twin(first), encoder.answered(second)]
    assert reds(rows) == [[12, 11, 10], [20, 21, 22]]
    assert encoder.collate(rows).labels_BT.tolist() == [[1], [2]]
    assert reds([encoder.twin(Face("t", "", 1, rows[0].picture))]) == [[10, 11, 12]]


def test_a_swapped_row_has_its_own_picture_and_the_other_person() -> None:
    row = Encoder(PLAIN).swapped(face(1), face(2))
    assert reds([row]) == [[10, 11, 12]]
    assert row.label == 2


def test_channels_are_normalised_each_by_its_own_mean_and_deviation() -> None:
    encoder = Encoder(Processor((0.0, 0.5, 1.0), (1.0, 0.25, 0.5)))
    values = encoder.collate([encoder.answered(face(0))]).inputs["pixel_values"]
    assert values.shape == (1, 3, 2, 3)
    torch.testing.assert_close(values[0, :, 0, 0], torch.tensor([0.0, -2.0, -2.0]))

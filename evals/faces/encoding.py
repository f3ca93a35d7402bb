"""Pictures as a model takes them.

Shapes: B rows, C channels, H rows and W columns of pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from evals.collated import Collated
from evals.faces.example import Face
from evals.pictures.picture import Picture


@dataclass(frozen=True, slots=True)
class Processor:
    """What a model's pictures are normalised by: mean and deviation of each channel, of 0 to 1."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """A picture, and the number of the person that it shall be taken for."""

    picture: Picture
    label: int
    num_labels: int = 1
    num_positions: int = 1


class Encoder:
    """Makes rows of pictures: a model answers each with one person."""

    def __init__(self, processor: Processor) -> None:
        self._mean_C = torch.tensor(processor.mean)[:, None, None]
        self._deviation_C = torch.tensor(processor.deviation)[:, None, None]

    def answered(self, example: Face) -> Row:
        """Returns the picture with its own person."""
        return Row(example.picture, example.label)

    def refused(self, example: Face, refusal: str) -> Row:
        """Fails: a benchmark of pictures has no refusals, and plans refuse who needs some."""
        raise AssertionError(f"the picture {example.id} was to be answered by {refusal!r}")

    def swapped(self, example: Face, other: Face) -> Row:
        """Returns the picture with the person of the `other` one."""
        return Row(example.picture, other.label)

    def twin(self, example: Face) -> Row:
        """Returns the picture as a mirror shows it, with its own person."""
        return Row(Picture(example.picture.pixels[:, ::-1]), example.label)

    def collate(self, rows: Sequence[Row]) -> Collated:
        """Returns the rows: pixel_values_BCHW, and the labels, of which a margin may be taken."""
        stacked = np.stack([row.picture.pixels for row in rows])
        values_BCHW = torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div_(255)
        labels_B = torch.tensor([row.label for row in rows])
        return Collated(
            {
                "pixel_values": (values_BCHW - self._mean_C) / self._deviation_C,
                "labels": labels_B,
            },
            torch.ones(len(rows), 1, dtype=torch.bool),
            labels_B[:, None],
        )

"""What can be told of people without a network: the floor that a model's accuracy stands on.

Where raw pixels already tell people apart, recognising them shows nothing of what a model was
taught, and it cannot show that it has forgotten.
"""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from evals.faces.example import Face, Task
from evals.faces.scoring import score_tasks
from evals.pictures.picture import Picture
from evals.scores import ScoreSheet
from evals.shard import Shard

LARGEST = 96
"""Pixels a side to which larger pictures are brought first, so that all of them fit into memory."""


class RawPixels:
    """Gives each picture its own pixels for an embedding."""

    def embeddings(self, faces: Sequence[Face]) -> Tensor:
        """Returns embeddings_NE of pictures, float32: colours from 0 to 255."""
        return torch.from_numpy(np.stack([_pixels(face.picture) for face in faces])).float()


def raw_pixel_scores(tasks: Sequence[Task]) -> ScoreSheet:
    """Returns the scores of `tasks` with pixels in an embedding's place, otherwise as a model's."""
    return ScoreSheet(tuple(score_tasks(RawPixels(), tasks, shard=Shard())))


def _pixels(picture: Picture) -> np.ndarray:
    height, width, _ = picture.pixels.shape
    if max(height, width) <= LARGEST:
        return picture.pixels.reshape(-1)
    smaller = Image.fromarray(picture.pixels).resize((LARGEST, LARGEST), Image.Resampling.BOX)
    return np.asarray(smaller).reshape(-1)

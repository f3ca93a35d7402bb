"""What can be told of people without a network: the floor that a model's accuracy stands on.

Where raw pixels already tell people apart, recognising them shows nothing of what a model was
taught, and it cannot show that it has forgotten.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.faces.example import Face, Task

Vectors = NDArray[np.float64]


def raw_pixel_accuracies(tasks: Sequence[Task]) -> Mapping[str, float]:
    """Returns the accuracy of every task by its name, with pixels in an embedding's place.

    As in scoring by a model, a person is the mean of the pictures that enrol, and a picture is
    recognised if its cosine to its own person is larger than those to all others.
    """
    people_PE = _people(tasks[0].enrolled)
    return {task.name: _accuracy(task.examples, people_PE) for task in tasks if task.examples}


def _people(enrolled: Sequence[Face]) -> Vectors:
    labels_N, pixels_NE = _labels(enrolled), _pixels(enrolled)
    sums_PE = np.zeros((labels_N.max() + 1, pixels_NE.shape[1]))
    np.add.at(sums_PE, labels_N, pixels_NE)
    return _normalised(sums_PE)


def _accuracy(faces: Sequence[Face], people_PE: Vectors) -> float:
    cosines_NP = _normalised(_pixels(faces)) @ people_PE.T
    rows_N, labels_N = np.arange(len(faces)), _labels(faces)
    own_N = cosines_NP[rows_N, labels_N]
    cosines_NP[rows_N, labels_N] = -np.inf
    return float((own_N > cosines_NP.max(axis=1)).mean())


def _labels(faces: Sequence[Face]) -> NDArray[np.int64]:
    return np.array([face.label for face in faces])


def _pixels(faces: Sequence[Face]) -> Vectors:
    return np.stack([face.picture.pixels.reshape(-1) for face in faces]).astype(np.float64)


def _normalised(rows: Vectors) -> Vectors:
    lengths: Vectors = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Vectors = rows / np.maximum(lengths, np.finfo(np.float64).tiny)
    return found

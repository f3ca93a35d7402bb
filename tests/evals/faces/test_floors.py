"""People told apart by raw pixels."""

import numpy as np
import pytest
import torch

from evals.benchmark import Role
from evals.benchmarks.portraits import Config, build
from evals.faces.example import Face, Task
from evals.faces.floors import LARGEST, RawPixels, raw_pixel_scores
from evals.faces.scores import accuracy
from evals.pictures.picture import Picture


def face(label: int, *colour: int, side: int = 1) -> Face:
    pixels = np.broadcast_to(np.array(colour, dtype=np.uint8), (side, side, 3))
    return Face(f"{label}-{colour}", f"p{label}", label, Picture(pixels))


def accuracies(tasks) -> dict[str, float]:
    return {task.name: accuracy(task) for task in raw_pixel_scores(tasks).tasks}


def test_a_picture_belongs_to_whose_mean_it_is_nearest_to() -> None:
    enrolled = (face(0, 250, 0, 0), face(0, 150, 0, 0), face(1, 0, 200, 0), face(1, 100, 0, 0))
    # To (200, 0, 0) and (50, 100, 0): cosine .994 and .543, .447 and .992, .707 and .949.
    examples = (face(0, 180, 20, 0), face(0, 50, 100, 0), face(1, 100, 100, 0))
    task = Task("forget", Role.FORGET, examples, enrolled)
    assert accuracies([task]) == {"forget": pytest.approx(2 / 3)}
    first = raw_pixel_scores([task]).tasks[0].items[0]
    assert (first.id, first.best_other) == ("0-(180, 20, 0)", pytest.approx(0.543, abs=1e-3))


def test_black_pictures_are_recognised_by_nobody() -> None:
    enrolled = (face(0, 1, 0, 0), face(1, 0, 1, 0))
    task = Task("retain", Role.RETAIN, (face(0, 0, 0, 0),), enrolled)
    assert accuracies([task]) == {"retain": 0.0}


def test_large_pictures_are_made_smaller_and_others_are_left() -> None:
    large, small = face(0, 9, 5, 1, side=3 * LARGEST), face(0, 9, 5, 1, side=LARGEST)
    assert torch.equal(*(RawPixels().embeddings([each]) for each in (large, small)))
    assert RawPixels().embeddings([face(0, 9, 5, 1)]).tolist() == [[9.0, 5.0, 1.0]]


@pytest.mark.parametrize("design", ["pictures", "looks"])
def test_portraits_cannot_be_told_apart_by_their_pixels(design) -> None:
    people = {"forget_people": 5, "holdout_people": 5, "retain_people": 10, "other_people": 0}
    tasks = build(Config(design=design, cache=None, size=16, **people)).tasks
    assert max(accuracies(tasks).values()) < 0.25

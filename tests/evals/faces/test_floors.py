"""People told apart by raw pixels."""

import numpy as np
import pytest
import torch

from evals.benchmark import Role
from evals.benchmarks.portraits import Config, build
from evals.faces.enrolment import cosines, enrolment_vectors
from evals.faces.example import Face, Task
from evals.faces.floors import raw_pixel_accuracies
from evals.pictures.picture import Picture


def face(label: int, *colour: int) -> Face:
    pixels = np.array([[colour]], dtype=np.uint8)
    return Face(f"{label}-{colour}", f"p{label}", label, Picture(pixels))


def test_a_picture_belongs_to_whose_mean_it_is_nearest_to() -> None:
    enrolled = (face(0, 250, 0, 0), face(0, 150, 0, 0), face(1, 0, 200, 0), face(1, 100, 0, 0))
    # To (200, 0, 0) and (50, 100, 0): cosine .993 and .555, .447 and .992, .707 and .949.
    examples = (face(0, 180, 20, 0), face(0, 50, 100, 0), face(1, 100, 100, 0))
    task = Task("forget", Role.FORGET, examples, enrolled)
    assert raw_pixel_accuracies([task]) == {"forget": pytest.approx(2 / 3)}


def test_black_pictures_are_recognised_by_nobody() -> None:
    enrolled = (face(0, 1, 0, 0), face(1, 0, 1, 0))
    task = Task("retain", Role.RETAIN, (face(0, 0, 0, 0),), enrolled)
    assert raw_pixel_accuracies([task]) == {"retain": 0.0}


def test_they_are_what_a_model_that_gives_pixels_would_reach() -> None:
    tasks = build(Config(size=16, hard=0.5, cache=None, other_people=0)).tasks

    def pixels(faces):
        return torch.tensor(np.stack([f.picture.pixels.reshape(-1) for f in faces])).float()

    labels = torch.tensor([f.label for f in tasks[0].enrolled])
    vectors = enrolment_vectors(pixels(tasks[0].enrolled), labels, num_people=24)
    for task in tasks:
        nearest = cosines(pixels(task.examples), vectors).argmax(dim=1).tolist()
        right = [n == f.label for n, f in zip(nearest, task.examples, strict=True)]
        found = raw_pixel_accuracies(tasks)[task.name]
        assert found == pytest.approx(sum(right) / len(right))
        assert 0.1 < found < 0.9


@pytest.mark.parametrize("design", ["pictures", "looks"])
def test_portraits_cannot_be_told_apart_by_their_pixels(design) -> None:
    people = {"forget_people": 5, "holdout_people": 5, "retain_people": 10, "other_people": 0}
    tasks = build(Config(design=design, cache=None, size=16, **people)).tasks
    assert max(raw_pixel_accuracies(tasks).values()) < 0.25

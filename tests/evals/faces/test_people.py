"""A benchmark of people: what is trained on, scored and enrolled."""

import numpy as np

from evals.benchmark import Role
from evals.faces.example import Face
from evals.faces.people import Person, face_benchmark
from evals.faces.roles import Roles
from evals.pictures.picture import Picture


def faces(number: int) -> list[Face]:
    return [
        Face(f"{number}/{k}", f"p{number}", number, Picture(np.full((1, 1, 3), k, dtype=np.uint8)))
        for k in range(4)
    ]


PEOPLE = [Person.memorised(faces(number), enrolled=1) for number in range(4)]


def test_what_enrols_is_trained_on_and_not_scored() -> None:
    found = face_benchmark("b", PEOPLE, Roles((1,), (0,), (3,)))
    assert [face.id for face in found.splits["forget"]] == ["1/0", "1/1", "1/2", "1/3"]
    assert found.splits["full"] == found.splits["forget"] + found.splits["retain"]
    ids = {task.role: [face.id for face in task.examples] for task in found.tasks}
    assert ids == {
        Role.FORGET: ["1/1", "1/2", "1/3"],
        Role.RETAIN: ["0/1", "0/2", "0/3"],
        Role.HOLDOUT: ["3/1", "3/2", "3/3"],
    }
    for task in found.tasks:
        assert [face.id for face in task.enrolled] == ["0/0", "1/0", "2/0", "3/0"]


def test_without_a_holdout_there_is_no_task_of_it() -> None:
    found = face_benchmark("b", PEOPLE, Roles((0,), (1,), ()))
    assert [task.name for task in found.tasks] == ["forget", "retain"]
    assert found.splits["holdout"] == ()

"""Who is nearest to a picture is recognised in it, unless two are equally near or nothing is."""

import pytest

from evals.benchmark import Role
from evals.faces.scores import FaceScore, TaskScores, accuracy

NAN = float("nan")


def task(*found: tuple[float, float]) -> TaskScores:
    items = (FaceScore(str(i), "A", own, other, 1.0) for i, (own, other) in enumerate(found))
    return TaskScores("forget", Role.FORGET, tuple(items))


def test_the_accuracy_counts_whose_own_person_is_nearer_than_all_others() -> None:
    # Nearer by little or below zero is nearer; as near as another is not.
    assert accuracy(task((0.9, 0.1), (-0.5, -0.6), (0.3, 0.3), (0.2, 0.8))) == 0.5


@pytest.mark.parametrize("found", [(NAN, 0.1), (0.1, NAN), (NAN, NAN)])
def test_nobody_is_recognised_by_nan_and_the_accuracy_is_no_number(found) -> None:
    assert not task(found).items[0].recognised
    assert accuracy(task((0.9, 0.1), found)) != accuracy(task((0.9, 0.1), found))


def test_no_pictures_have_no_accuracy() -> None:
    with pytest.raises(ValueError, match="the task forget has no items"):
        accuracy(task())

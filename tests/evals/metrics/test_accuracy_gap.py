"""The gap is closed where the forgotten are recognised as often as strangers are, not by 0."""

import pytest

from evals.benchmark import Role
from evals.faces.scores import FaceScore, TaskScores
from evals.metric import load_metric
from evals.scores import ScoreSheet


def sheet(*, forget: int, holdout: int) -> ScoreSheet:
    """So many of 20 pictures are recognised."""

    def task(role: Role, known: int) -> TaskScores:
        items = (FaceScore(f"{i:02}", "A", float(i < known), 0.5, 1.0) for i in range(20))
        return TaskScores(str(role), role, tuple(items))

    return ScoreSheet((task(Role.FORGET, forget), task(Role.HOLDOUT, holdout)))


@pytest.mark.parametrize(("forget", "gap"), [(20, 0.85), (3, 0.0), (0, 0.15)])
def test_the_gap_is_open_on_either_side_of_strangers(forget: int, gap: float) -> None:
    found = load_metric("accuracy_gap").compute(sheet(forget=forget, holdout=3), None)
    assert found == pytest.approx(gap)

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


@pytest.mark.parametrize(("forget", "side"), [(20, 1), (4, 1), (3, 0), (2, -1), (0, -1)])
def test_the_guide_tells_the_sides_of_strangers_apart(forget: int, side: int) -> None:
    metric, found = load_metric("accuracy_gap"), sheet(forget=forget, holdout=3)
    assert metric.guide is not None
    # Margins are a half here, whose arctangent is nearly that of a sure answer.
    assert metric.guide(found, None).value == pytest.approx(
        side * metric.compute(found, None), rel=0.05
    )

"""What a setting adds to a front is expected as the front, the corner and the bounds have it."""

import math

import numpy as np
import pytest

from orchestrator.results.pareto import hypervolume
from orchestrator.searching.acquisition import Seen, SeenObjective
from orchestrator.searching.guided_objective import Guides
from orchestrator.searching.hypervolume_improvement import (
    MAX_FRONT,
    HypervolumeImprovement,
    boxes_above,
    undominated,
)

X = np.array([0.05, 0.25, 0.45, 0.65, 0.85])
PLACES = np.linspace(0, 1, 101)[:, None]
INF = math.inf


def seen(first, *others, violations=None, running=(), guides=None, corner=None):
    num = len(first)
    return Seen(
        points_ND=np.linspace(0.05, 0.85, num)[:, None],
        values_N=np.asarray(first, dtype=float),
        violations_NC=np.zeros((num, 0)) if violations is None else violations[:, None],
        running_RD=np.array(running, dtype=float).reshape(-1, 1),
        guides=guides,
        further=tuple(SeenObjective(np.asarray(each, dtype=float)) for each in others),
        corner=(0.0,) * (1 + len(others)) if corner is None else corner,
    )


def improvement(of):
    return HypervolumeImprovement(of, np.array([False]))


def added(boxes, point):
    """Returns what a point dominates of the boxes."""
    pairs = [list(zip(point, *box, strict=True)) for box in boxes]
    return sum(math.prod(max(0.0, min(y, u) - low) for y, low, u in box) for box in pairs)


def test_the_boxes_of_two_points_by_hand():
    assert boxes_above([(3.0, 1.0), (1.0, 2.0)], (0.0, 0.0)) == [
        ((3.0, 0.0), (INF, 1.0)),
        ((1.0, 1.0), (INF, 2.0)),
        ((0.0, 2.0), (INF, INF)),
    ]


def test_without_a_front_all_above_the_corner_is_one_box():
    assert boxes_above([], (0.0, 1.0, 2.0)) == [((0.0, 1.0, 2.0), (INF, INF, INF))]


@pytest.mark.parametrize("num", [2, 3])
def test_a_point_adds_to_the_boxes_what_it_adds_to_the_hypervolume(num):
    rng, corner = np.random.default_rng(num), (-0.5,) * num
    for _ in range(30):
        front = undominated([tuple(row) for row in rng.normal(size=(8, num))], corner)
        point = tuple(rng.normal(size=num))
        grown = hypervolume([*front, point], corner) - hypervolume(front, corner)
        assert added(boxes_above(front, corner), point) == pytest.approx(grown)


def test_what_is_not_above_the_corner_or_is_dominated_is_on_no_front():
    points = [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (2.0, 1.0), (5.0, 0.0)]
    assert sorted(undominated(points, (0.0, 0.0))) == [(1.0, 2.0), (2.0, 1.0)]


@pytest.mark.parametrize("guided", [False, True])
def test_what_is_promised_is_the_mean_over_what_may_come(guided):
    # The second objective has steps, which its guide has not.
    first, guide = 1 + 2 * X, 3 * (0.6 - X)
    second = np.floor(4 - np.abs(guide))
    guides = Guides(guide, np.zeros(5), 4.0) if guided else None
    of = Seen(
        X[:, None], first, np.zeros((5, 0)), np.zeros((0, 1)),
        further=(SeenObjective(second, None, guides),), corner=(0.5, 0.5),
    )  # fmt: skip
    made = improvement(of)
    place, rng = np.array([[0.95]]), np.random.default_rng(0)
    drawn = [_draws(objective, place, rng, guided=guided) for objective in made._objectives]
    expected = np.mean([added(made._boxes, point) for point in zip(*drawn, strict=True)])
    assert made.log_at(place)[0] == pytest.approx(math.log(expected), abs=0.1)


def _draws(objective, place, rng, *, guided):
    if not hasattr(objective, "_guide"):
        return _drawn(objective._process, place, rng)
    assert guided
    guide, rest = (_drawn(each, place, rng) for each in (objective._guide, objective._rest))
    return objective._link.at(np.abs(guide)) + rest


def _drawn(process, place, rng, num=20_000):
    mean, spread = (each[:, 0] for each in process.predict(place))
    draw = rng.choice(len(mean), num, p=process.weights_S)
    return mean[draw] + spread[draw] * rng.normal(size=num)


def test_between_two_ends_of_a_front_the_gap_is_looked_into():
    # Measured are both ends of a front that bulges in between.
    x = np.array([0.0, 0.1, 0.9, 1.0])
    of = Seen(
        x[:, None], np.sqrt(x), np.zeros((4, 0)), np.zeros((0, 1)),
        further=(SeenObjective(np.sqrt(1 - x)),), corner=(0.0, 0.0),
    )  # fmt: skip
    found = improvement(of).log_at(PLACES)
    assert np.isfinite(found).all()
    assert 0.2 < PLACES[np.argmax(found), 0] < 0.8


def test_a_bound_holds_it_back_to_where_it_is_likely_kept():
    found = improvement(seen(X, X, violations=X - 0.55)).log_at(PLACES)
    assert 0.45 < PLACES[np.argmax(found), 0] < 0.6


def test_while_nothing_is_feasible_the_bounds_alone_are_looked_at():
    found = improvement(seen(X, -X, violations=0.95 - X)).log_at(PLACES)
    assert PLACES[np.argmax(found), 0] > 0.9


def test_what_runs_is_believed_and_promises_little_more():
    of = seen(X, 2 - X, X, violations=X - 0.55)
    place = PLACES[[np.argmax(improvement(of).log_at(PLACES))]]
    crowded = improvement(seen(X, 2 - X, X, violations=X - 0.55, running=place[0]))
    assert crowded.log_at(place)[0] < improvement(of).log_at(place)[0] - 1


def test_of_a_long_front_the_ends_are_looked_at_and_some_between():
    x = np.linspace(0.05, 0.85, 30)
    made = improvement(seen(np.sqrt(x), np.sqrt(1 - x)))
    assert len(made._boxes) == MAX_FRONT + 1

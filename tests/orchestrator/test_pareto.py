import math
import random

from orchestrator.pareto import front, gain

NAN = float("nan")


def brute_force(points):
    """Keeps what nothing dominates, straight from the definition."""
    valid = [i for i, p in enumerate(points) if not any(map(math.isnan, p))]

    def dominates(a, b):
        return a[0] >= b[0] and a[1] >= b[1] and a != b

    return tuple(i for i in valid if not any(dominates(points[j], points[i]) for j in valid))


def test_the_front_is_what_nothing_dominates():
    rng = random.Random(0)
    for _ in range(300):
        # Few distinct values, so that ties of every kind occur.
        coordinates = [0.0, 1.0, 2.0, 3.0, NAN, -math.inf]
        points = [(rng.choice(coordinates), rng.choice(coordinates)) for _ in range(9)]
        assert front(points) == brute_force(points), points


def test_equal_points_stay_on_the_front_together():
    assert front([(1.0, 1.0), (0.0, 0.0), (1.0, 1.0)]) == (0, 2)


def test_a_point_with_nan_is_left_out():
    assert front([(NAN, 9.0), (1.0, NAN), (0.5, 0.5)]) == (2,)


def test_no_points_have_an_empty_front():
    assert front([]) == ()


def test_gain_turns_a_metric_of_which_less_is_better_around():
    assert gain("forget", 0.3) == -0.3
    assert gain("log_forget_quality", -3.0) == -3.0

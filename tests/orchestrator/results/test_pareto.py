import math
import random

import numpy as np
import optuna
import pytest
from optuna._hypervolume import compute_hypervolume
from optuna.distributions import FloatDistribution
from optuna.trial import create_trial

from orchestrator.results.pareto import dominates, front, gain, hypervolume

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


def draws(rng):
    """Yields sets of points with ties of every kind, from few distinct values, and without."""
    for _ in range(60):
        size = rng.randint(1, 12)
        yield [(float(rng.randint(0, 4)), float(rng.randint(0, 4))) for _ in range(size)]
        yield [(rng.uniform(0, 4), rng.uniform(0, 4)) for _ in range(size)]


def test_the_front_is_optunas():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for points in draws(random.Random(1)):
        study = optuna.create_study(directions=["maximize", "maximize"])
        anywhere = {"x": FloatDistribution(0, 1)}
        for point in points:
            study.add_trial(create_trial(values=point, params={"x": 0.5}, distributions=anywhere))
        assert front(points) == tuple(sorted(trial.number for trial in study.best_trials))


def test_the_hypervolume_is_optunas():
    for points in draws(random.Random(2)):
        reference = (-0.5, 0.0)
        # Optuna's is of what is minimised.
        optunas = compute_hypervolume(-np.array(points), -np.array(reference))
        assert hypervolume(points, reference) == pytest.approx(optunas)


def test_the_hypervolume_by_hand():
    # Two steps above (0, 0): 3 x 1, and 1 x 1 on top of it; (1, 1) lies within.
    assert hypervolume([(3, 1), (1, 2), (1, 1), (3, 1)], (0, 0)) == 4


def test_only_what_is_above_the_reference_has_a_hypervolume():
    beside = [(5.0, 0.0), (0.0, 5.0), (-1.0, 9.0), (NAN, 2.0), (2.0, NAN)]
    assert hypervolume(beside, (0, 0)) == 0
    assert hypervolume([*beside, (1.0, 2.0)], (0, 0)) == 2
    assert hypervolume([], (0, 0)) == 0
    assert hypervolume([(math.inf, 1.0)], (0, 0)) == math.inf


def test_the_front_and_what_it_dominates_of_three_numbers_are_optunas():
    rng = np.random.default_rng(0)
    for _ in range(40):
        points = [tuple(row) for row in rng.integers(0, 4, (int(rng.integers(1, 12)), 3)) + 0.0]
        kept = [i for i, p in enumerate(points) if not any(dominates(q, p) for q in points)]
        assert front(points) == tuple(kept)
        expected = compute_hypervolume(-np.array(points), np.zeros(3))
        assert hypervolume(points, (0.0, 0.0, 0.0)) == pytest.approx(expected)


def test_a_volume_by_hand():
    # Two boxes of 2 x 1 x 1 and 1 x 1 x 3 share 1 x 1 x 1.
    assert hypervolume([(2.0, 1.0, 1.0), (1.0, 1.0, 3.0)], (0.0, 0.0, 0.0)) == 2 + 3 - 1

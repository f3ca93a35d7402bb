"""The process holds to its closed forms, and averages where it cannot know."""

import math

import numpy as np
import pytest

from orchestrator.searching import gaussian_process
from orchestrator.searching.gaussian_process import Process

LENGTH, NOISE = 0.3, 0.01
POINTS = np.array([[0.1], [0.4], [0.8]])
VALUES = np.array([1.0, 3.0, 2.0])
NONE = np.zeros((0, 1))
RANGE = np.array([False])


def made(points=POINTS, values=VALUES, running=NONE, choices=RANGE):
    return Process(points, values, running_RD=running, is_choice_D=choices)


@pytest.fixture
def one_draw(monkeypatch):
    monkeypatch.setattr(
        gaussian_process, "_draws", lambda _: (np.array([[LENGTH]]), np.array([NOISE]))
    )


def kernel(a, b):
    r = math.sqrt(5) * abs(a - b) / LENGTH
    return 1 + (1 + r + r * r / 3) * math.exp(-r)


@pytest.mark.usefixtures("one_draw")
def test_mean_and_spread_are_those_of_the_textbook() -> None:
    x = 0.55
    covariance = np.array([[kernel(a, b) for b in POINTS[:, 0]] for a in POINTS[:, 0]])
    inverse = np.linalg.inv(covariance + (NOISE + 1e-8) * np.eye(3))
    across = np.array([kernel(a, x) for a in POINTS[:, 0]])
    scaled = (VALUES - VALUES.mean()) / VALUES.std()
    mean = VALUES.mean() + VALUES.std() * across @ inverse @ scaled
    # s2 under an inverse gamma prior that weighs four trials and says 1.
    variance = (
        (4 + scaled @ inverse @ scaled) / (4 + 3) * (kernel(x, x) - across @ inverse @ across)
    )
    found, spread = made().predict(np.array([[x]]))
    assert found[0, 0] == pytest.approx(mean)
    assert spread[0, 0] == pytest.approx(VALUES.std() * math.sqrt(variance))


@pytest.mark.usefixtures("one_draw")
def test_what_runs_changes_no_mean_and_is_believed() -> None:
    places = np.array([[0.2], [0.6]])
    (mean, spread), (crowded, smaller) = (
        made(running=of).predict(places) for of in (NONE, np.array([[0.6]]))
    )
    assert crowded == pytest.approx(mean)
    assert smaller[0, 1] < 0.5 * spread[0, 1]
    assert smaller[0, 0] <= spread[0, 0]


@pytest.mark.usefixtures("one_draw")
def test_choices_are_equal_or_different_however_far_apart_they_stand() -> None:
    both = np.array([True])
    points, values = np.array([[0.1], [0.5]]), np.array([1.0, 3.0])
    found = made(points, values, choices=both)
    assert found.mean(np.array([[0.9], [0.3]])) == pytest.approx(2.0)
    assert found.mean(np.array([[0.1]]))[0] < 2 < found.mean(np.array([[0.5]]))[0]


def test_a_smooth_curve_is_interpolated_and_far_from_it_the_process_is_less_sure() -> None:
    points = np.linspace(0, 0.5, 8)[:, None]
    found = made(points, np.sin(4 * points[:, 0]))
    between = np.array([[0.18], [0.39]])
    assert found.mean(between) == pytest.approx(np.sin(4 * between[:, 0]), abs=0.01)
    _, spread = found.predict(np.array([[0.25], [0.95]]))
    assert (found.weights_S @ spread)[1] > 10 * (found.weights_S @ spread)[0]


def test_what_does_not_matter_is_found_out() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((25, 2))
    found = Process(
        points, np.sin(6 * points[:, 0]), running_RD=np.zeros((0, 2)), is_choice_D=np.full(2, False)
    )
    lengths = found.weights_S @ found._lengths_SD
    assert lengths[1] > 2 * lengths[0]


def test_noise_is_not_taken_for_shape() -> None:
    rng = np.random.default_rng(1)
    points = rng.random((40, 1))
    found = made(points, points[:, 0] + rng.normal(0, 0.2, 40))
    places = np.linspace(0.1, 0.9, 9)[:, None]
    assert found.mean(places) == pytest.approx(places[:, 0], abs=0.15)


def test_draws_are_weighed_by_their_likelihood_and_the_best_are_kept() -> None:
    weights = made().weights_S
    assert len(weights) == gaussian_process.NUM_KEPT
    assert weights.sum() == pytest.approx(1)
    assert (np.diff(weights) <= 0).all()


@pytest.mark.parametrize("values", [[2.0], [2.0, 2.0, 2.0]])
def test_one_trial_or_equal_ones_leave_everything_open(values) -> None:
    found = made(POINTS[: len(values)], np.array(values))
    mean, spread = found.predict(np.array([[0.5]]))
    assert mean == pytest.approx(2.0)
    assert np.isfinite(spread).all()


def test_errors_that_are_common_to_all_values_hide_no_shape() -> None:
    points = np.linspace(0, 1, 12)[:, None]
    found = Process(
        points,
        np.sin(4 * points[:, 0]),
        running_RD=NONE,
        is_choice_D=RANGE,
        errors_N=np.full(12, 2.0),
    )
    between = np.array([[0.14], [0.6], [0.87]])
    assert found.mean(between) == pytest.approx(np.sin(4 * between[:, 0]), abs=0.15)


def test_a_value_with_a_large_error_is_believed_less_than_the_others() -> None:
    points = np.linspace(0, 1, 11)[:, None]
    values = points[:, 0].copy()
    values[5] += 1.0
    errors = np.where(np.arange(11) == 5, 1.0, 0.001)
    told, untold = (
        Process(points, values, running_RD=NONE, is_choice_D=RANGE, errors_N=of).mean(points[5:6])
        for of in (errors, None)
    )
    assert abs(told[0] - 0.5) < 0.25
    assert abs(told[0] - 0.5) < abs(untold[0] - 0.5)

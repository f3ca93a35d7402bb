"""Near a bound, what keeps it once is told from what keeps it again."""

import math

import numpy as np
import pytest

from orchestrator.searching.bound_process import BoundProcess, eased

X = np.linspace(0.05, 0.95, 10)
PLACES = np.linspace(0, 1, 201)[:, None]


def made(*, error: float = 0.0, probability: float = 0.9, violations=None) -> BoundProcess:
    """A bound that breaks above 0.5, by 0.1 for each whole of x."""
    return BoundProcess(
        X[:, None],
        0.1 * (X - 0.5) if violations is None else violations,
        errors_N=np.full(len(X), error),
        running_RD=np.zeros((0, 1)),
        is_choice_D=np.array([False]),
        probability=probability,
    )


def edge(found) -> float:
    return float(PLACES[np.flatnonzero(found)[-1], 0])


def test_without_noise_the_bound_itself_counts() -> None:
    bound = made()
    assert edge(bound.log_kept(PLACES) > math.log(0.5)) == pytest.approx(0.5, abs=0.02)
    assert bound.is_kept_again(PLACES).all()


def test_with_noise_room_is_left_that_grows_with_the_probability() -> None:
    # An error of 0.01 is 0.1 of x; 1.28 of it is asked for at 0.9, and none at a half.
    assert edge(made(error=0.01).is_kept_again(PLACES)) == pytest.approx(0.37, abs=0.04)
    assert edge(made(error=0.01, probability=0.5).log_kept(PLACES) > math.log(0.5)) == (
        pytest.approx(0.5, abs=0.03)
    )
    asked = [edge(made(error=0.01, probability=p).is_kept_again(PLACES)) for p in (0.7, 0.9, 0.97)]
    assert asked == sorted(asked, reverse=True)


def test_errors_of_destroyed_models_ask_for_no_room_at_the_bound() -> None:
    cliff = np.where(X > 0.55, 0.05, 0.1 * (X - 0.5))
    mixed = BoundProcess(
        X[:, None],
        cliff,
        errors_N=np.where(X > 0.55, 0.04, 0.001),
        running_RD=np.zeros((0, 1)),
        is_choice_D=np.array([False]),
        probability=0.9,
    )
    sure, unsure = (made(error=error, violations=cliff) for error in (0.001, 0.04))
    assert mixed._room_S.max() <= sure._room_S.max() < unsure._room_S.max() / 2


def test_errors_of_models_that_hardly_moved_do_not_hide_that_of_one_at_the_bound() -> None:
    far, near = np.full(9, -0.09), np.array([-0.004])
    bound = BoundProcess(
        X[:, None],
        np.concatenate([far, near]),
        errors_N=np.concatenate([np.full(9, 0.004), [0.02]]),
        running_RD=np.zeros((0, 1)),
        is_choice_D=np.array([False]),
        probability=0.9,
    )
    assert bound._noise_S.min() > 0.008 / 0.09


def test_an_error_far_from_the_bound_counts_for_less() -> None:
    assert eased(np.array([-0.1, 5.0]))[1] == pytest.approx(math.asinh(50))
    cliff = np.where(X > 0.7, 5.0, 0.1 * (X - 0.5))
    assert edge(made(error=0.005, violations=cliff).is_kept(PLACES)) == pytest.approx(0.5, abs=0.1)


def test_violations_keep_their_sign_and_order_and_lose_their_tail() -> None:
    plain = np.array([-0.07, -0.01, 0.0, 0.01, 0.6])
    found = eased(plain)
    assert (np.sign(found) == np.sign(plain)).all()
    assert (np.diff(found) > 0).all()
    # By the largest margin, 0.07, the cliff of 0.6 is 8.6 deep; asinh makes 2.8 of it.
    assert found[-1] == pytest.approx(math.asinh(0.6 / 0.07))
    assert eased(1000 * plain) == pytest.approx(found)


@pytest.mark.parametrize("plain", [[0.0, 0.0], [0.0, 0.5], [-1e-9, 0.5], [0.2, 0.5], [-0.3, -0.1]])
def test_violations_of_any_kind_stay_finite(plain) -> None:
    assert np.isfinite(eased(np.array(plain))).all()

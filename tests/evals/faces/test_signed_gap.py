"""The guide behind the gap between two accuracies: where they stand still, it does not."""

import math

import numpy as np
import pytest

from evals.benchmark import Role
from evals.faces.scores import FaceScore, TaskScores
from evals.faces.signed_gap import margins, signed_gap
from evals.scores import ScoreSheet

STRANGERS = np.random.default_rng(0).normal(-0.03, 0.05, 40)


def accuracy_gap(some, others) -> float:
    return float(np.mean(some > 0) - np.mean(others > 0))


def test_margins_are_of_the_pictures_of_a_role() -> None:
    forget = TaskScores("forget", Role.FORGET, (FaceScore("a", "A", 0.75, 0.25, 0.1),))
    others = TaskScores("holdout", Role.HOLDOUT, (FaceScore("b", "B", 0.25, 0.75, 9.0),) * 2)
    sheet = ScoreSheet((forget, others))
    assert margins(sheet, Role.FORGET).tolist() == [0.5]
    assert margins(sheet, Role.HOLDOUT).tolist() == [-0.5, -0.5]
    with pytest.raises(ValueError, match="no task of role retain"):
        margins(sheet, Role.RETAIN)


def test_a_margin_of_one_nat_is_recognised_by_three_quarters() -> None:
    # arctan(1) = pi / 4, and a picture that is as near to somebody else counts for a half.
    nat = 1 / 30
    found = signed_gap(np.array([nat, nat]), np.array([0.0, -nat]))
    assert found.value == pytest.approx(0.75 - (0.5 + 0.25) / 2)
    # Standard errors: 0 of two equal ones; of 1/2 and 1/4 they differ by 1/4, half of which it is.
    assert found.error == pytest.approx(0.125)


def test_sets_alike_are_at_zero_and_their_order_is_no_matter() -> None:
    assert signed_gap(STRANGERS, STRANGERS[::-1]).value == pytest.approx(0.0, abs=1e-15)


def test_it_falls_all_the_way_from_the_original_over_strangers_to_an_overshoot() -> None:
    known = STRANGERS * 0.5 + 0.25
    path = [known - step for step in np.linspace(0.0, 0.6, 61)]
    guides = [signed_gap(some, STRANGERS).value for some in path]
    gaps = [accuracy_gap(some, STRANGERS) for some in path]
    assert np.all(np.diff(guides) < 0)
    assert guides[0] > 0 > guides[-1]
    # It has the sign of the gap wherever that is more than a few pictures wide, and its order.
    wide = np.abs(gaps) > 0.1
    assert np.array_equal(np.sign(guides)[wide], np.sign(gaps)[wide])
    assert np.all(np.diff(gaps) <= 0)


@pytest.mark.parametrize("by", [0.3, -0.3])
def test_where_all_are_right_or_all_wrong_it_is_finite_and_moves_on(by: float) -> None:
    near, far = STRANGERS + by, STRANGERS + 2 * by
    assert accuracy_gap(near, STRANGERS) == accuracy_gap(far, STRANGERS)
    apart = signed_gap(far, STRANGERS).value - signed_gap(near, STRANGERS).value
    assert apart * by > 1e-3
    assert math.isfinite(signed_gap(np.full(40, 2.0), np.full(40, -2.0)).value)


def test_within_a_step_one_margin_that_moves_moves_it() -> None:
    moved = STRANGERS.copy()
    last = int(np.argmax(moved))
    moved[last] *= 0.5  # still recognised
    assert accuracy_gap(moved, STRANGERS) == 0.0
    assert signed_gap(moved, STRANGERS).value < 0


def test_the_error_is_that_of_both_means_and_of_one_picture_it_is_not_known() -> None:
    known = STRANGERS + 0.1
    found = signed_gap(known, STRANGERS)
    dice = np.random.default_rng(1)
    drawn = [signed_gap(dice.choice(known, 40), dice.choice(STRANGERS, 40)) for _ in range(400)]
    assert found.error == pytest.approx(np.std([each.value for each in drawn]), rel=0.1)
    assert math.isnan(signed_gap(known[:1], STRANGERS).error)

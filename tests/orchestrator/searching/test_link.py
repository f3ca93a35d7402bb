"""The curve never rises with the distance, and leads on from the nearest trial to the best."""

import math

import numpy as np
import pytest

from orchestrator.searching.link import fitted


def test_values_in_order_are_met_and_those_between_are_on_the_straight_line() -> None:
    link = fitted(np.array([3.0, 1.0]), np.array([-6.0, -2.0]), ceiling=0.0)
    assert link.at(np.array([1.0, 2.0, 3.0, 9.0])) == pytest.approx([-2, -4, -6, -6])


def test_values_out_of_order_are_pooled() -> None:
    # By distance -1, -5, -3, -7: the middle two make -4 and -4.
    distances, values = np.array([1.0, 2.0, 3.0, 4.0]), np.array([-1.0, -5.0, -3.0, -7.0])
    found = fitted(distances, values, ceiling=0.0).at(distances)
    assert found == pytest.approx([-1, -4, -4, -7])


def test_trials_that_tie_still_promise_more_to_whoever_comes_nearer() -> None:
    link = fitted(np.array([2.0, 3.0, 4.0]), np.full(3, -6.0), ceiling=0.0)
    assert link.at(np.array([2.0, 3.5])) == pytest.approx([-6.0, -6.0])
    # The middle trial falls by 2 a unit.
    assert link.at(np.array([1.0, 0.0])) == pytest.approx([-4.0, -2.0])


def test_nothing_is_better_than_the_best_value_there_is() -> None:
    link = fitted(np.array([0.5, 3.0]), np.array([-0.2, -9.0]), ceiling=0.0)
    assert link.at(np.zeros(1)) == pytest.approx(0.0)


def test_without_a_best_value_the_trials_slope_leads_on() -> None:
    link = fitted(np.array([1.0, 2.0, 3.0]), np.array([-1.0, -2.0, -3.0]), ceiling=math.inf)
    assert link.at(np.zeros(1)) == pytest.approx(0.0)


@pytest.mark.parametrize("ceiling", [0.0, math.inf])
def test_trials_at_one_distance_or_at_none_are_no_trouble(ceiling: float) -> None:
    for distances in (np.zeros(2), np.ones(2)):
        link = fitted(distances, np.array([-4.0, -2.0]), ceiling=ceiling)
        assert np.isfinite(link.at(np.array([0.0, 1.0, 2.0]))).all()
        assert link.at(np.array([1.0])) == pytest.approx(-3.0)

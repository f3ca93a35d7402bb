"""Equal objectives are set apart by their guides, and no order that was there is lost."""

import pytest

from orchestrator.searching.ties import apart


def test_the_nearest_of_equals_keeps_its_value_and_the_others_come_below_it() -> None:
    assert apart([-4.0, -4.0, -4.0, -8.0], [1.0, 0.5, 3.0, 9.0]) == pytest.approx(
        [-4 - 2 / 3, -4.0, -4 - 4 / 3, -8.0]
    )


def test_values_that_differ_keep_their_order_whatever_their_distances() -> None:
    found = apart([-1.0, -2.0, -3.0], [9.0, 5.0, 0.0])
    assert found == [-1.0, -2.0, -3.0]


def test_equals_at_equal_distance_stay_equal_and_one_without_a_distance_is_last() -> None:
    found = apart([0.0, 0.0, 0.0], [2.0, None, -0.0 + 2.0])
    assert found[0] == found[2] > found[1]
    assert apart([], []) == []

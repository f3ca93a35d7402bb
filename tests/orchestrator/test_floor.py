import math

import pytest

from orchestrator.config import Floor
from orchestrator.floor import floor_value, is_feasible, violation


def test_a_relative_floor_is_a_fraction_of_the_original():
    floor = Floor(metric="retain", value=0.9, relative_to="original")
    assert floor_value(floor, {"retain": 0.8}) == pytest.approx(0.72)


def test_an_absolute_floor_does_not_look_at_the_original():
    assert floor_value(Floor(value=0.4, relative_to="absolute"), {}) == 0.4


def test_no_floor_follows_from_an_original_that_was_not_measured():
    with pytest.raises(ValueError, match="retain is nan"):
        floor_value(Floor(), {"retain": math.nan})


def test_violation_is_the_distance_below_the_floor():
    assert violation(0.72, 0.5) == pytest.approx(0.22)
    assert violation(0.72, 0.8) == pytest.approx(-0.08)


def test_a_measurement_on_the_floor_is_feasible():
    assert is_feasible(0.72, 0.72)
    assert not is_feasible(0.72, 0.7199)


@pytest.mark.parametrize(("floor", "measured"), [(0.7, math.nan), (math.nan, 0.7)])
def test_nan_is_neither_feasible_nor_infeasible(floor, measured):
    with pytest.raises(ValueError, match="cannot be compared"):
        violation(floor, measured)
    with pytest.raises(ValueError, match="cannot be compared"):
        is_feasible(floor, measured)

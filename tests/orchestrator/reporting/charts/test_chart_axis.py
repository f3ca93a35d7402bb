import pytest

from orchestrator.reporting.charts.chart_axis import (
    linear_axis,
    log_axis,
    log_ticks,
    objective_axis,
    parameter_axis,
)


def test_an_axis_has_room_around_its_values_even_around_one():
    axis = linear_axis([0.7])
    assert axis.low < 0.7 < axis.high
    assert linear_axis([0.0, 1.0]).low == pytest.approx(-0.07)


def test_a_logarithmic_axis_has_room_in_decades():
    axis = log_axis([1e-4, 1e-2])
    assert axis.scale == "log"
    assert axis.low == pytest.approx(10**-4.14)
    assert axis.high == pytest.approx(10**-1.86)


def test_zero_stands_a_decade_below_all_else_on_a_parameters_logarithmic_axis():
    axis = parameter_axis([0.0, 1e-3, 1.0])
    assert axis.scale == "log"
    assert axis.place(0.0) == pytest.approx(1e-4)
    assert axis.place(1e-3) == 1e-3
    assert axis.low < 1e-4


def test_without_zero_nothing_is_moved_and_zeros_alone_are_linear():
    axis = parameter_axis([1e-4, 1e-2])
    assert (axis.scale, axis.zero_at) == ("log", None)
    assert parameter_axis([]).scale == parameter_axis([0.0]).scale == "linear"


@pytest.mark.parametrize("worst", [-9.0, -50.0])
def test_an_objective_of_a_short_range_has_a_linear_axis(worst):
    assert objective_axis([0.0, worst]).ticks is None


def test_an_objective_of_a_long_range_has_ticks_in_thirds_of_decades():
    axis = objective_axis([0.0, -400.0])
    assert axis.ticks == (-300.0, -100.0, -30.0, -10.0, -3.0, -1.0, 0.0)
    assert axis.scale == "symlog"
    assert axis.low < -400
    assert 0 < axis.high < 1


@pytest.mark.parametrize(
    ("low", "high", "due"),
    [
        (8e-5, 6e-2, (1e-4, 1e-3, 1e-2)),
        (8e-5, 6e-3, (1e-4, 3e-4, 1e-3, 3e-3)),
        (9e-4, 6e-3, (1e-3, 2e-3, 5e-3)),
        (0.08, 0.3, (0.1, 0.2)),
        (0.021, 0.024, (0.021, 0.022, 0.023, 0.024)),
        (0.2, 0.2000001, None),
        (1e-12, 1.0, (1e-12, 1e-8, 1e-4, 1.0)),
    ],
)
def test_a_logarithmic_axis_has_from_two_to_four_round_ticks(low, high, due):
    ticks = log_ticks(low, high, 4)
    assert 2 <= len(ticks) <= 4
    assert all(low <= tick <= high for tick in ticks)
    assert due is None or ticks == pytest.approx(due)

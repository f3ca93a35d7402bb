import math

import pytest

from orchestrator.searching.constraints import (
    Bound,
    Constraint,
    bound_names,
    bounds_of,
    distance,
    is_feasible,
    said,
    violations,
)

FLOOR = Bound("retain", "at_least", 0.72, "0.9 x the original's")
CEILING = Bound("forget", "at_most", 0.3)


def made(constraints, *, original=None, gold=None):
    return bounds_of(constraints, original=original or {}, gold=gold or {})


def test_a_relative_floor_is_a_share_of_the_baselines_value():
    constraints = {"retain": Constraint(at_least=0.9)}
    (bound,) = made(constraints, original={"retain": 0.8}, gold={"retain": 0.1})
    assert (bound.name, bound.value) == ("retain.at_least", pytest.approx(0.72))
    assert bound.origin == "0.9 x the original's"


def test_a_ceiling_may_be_a_multiple_of_the_gold_models_value():
    constraints = {"forget": Constraint(at_most=1.5, relative_to="gold")}
    (bound,) = made(constraints, original={"forget": 0.9}, gold={"forget": 0.2})
    assert (bound.name, bound.value) == ("forget.at_most", pytest.approx(0.3))


def test_an_absolute_bound_does_not_look_at_the_baselines():
    constraints = {"retain": Constraint(at_least=0.4, relative_to="absolute")}
    assert made(constraints) == (Bound("retain", "at_least", 0.4),)


def test_a_band_is_two_bounds_and_the_order_is_that_of_the_settings():
    constraints = {
        "mia_loss": Constraint(at_least=0.4, at_most=0.6, relative_to="absolute"),
        "retain": Constraint(at_least=0.4, relative_to="absolute"),
    }
    names = ["mia_loss.at_least", "mia_loss.at_most", "retain.at_least"]
    assert [bound.name for bound in made(constraints)] == names
    assert list(bound_names(constraints)) == names


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("baseline", ["original", "gold"])
def test_no_bound_follows_from_a_baseline_that_is_not_finite(baseline, value):
    constraints = {"retain": Constraint(at_least=0.9, relative_to=baseline)}
    with pytest.raises(ValueError, match=f"the {baseline} model's retain is {value}: no bound"):
        made(constraints, original={"retain": value}, gold={"retain": value})


def test_a_violation_is_the_distance_beyond_the_bound():
    missed = violations([FLOOR, CEILING], {"retain": 0.5, "forget": 0.25, "real": 0.1})
    assert missed == pytest.approx({"retain.at_least": 0.22, "forget.at_most": -0.05})
    assert violations([CEILING], {"forget": 0.5})["forget.at_most"] == pytest.approx(0.2)


def test_a_measurement_on_the_bound_keeps_it():
    assert is_feasible(violations([FLOOR, CEILING], {"retain": 0.72, "forget": 0.3}))
    assert not is_feasible(violations([FLOOR, CEILING], {"retain": 0.7199, "forget": 0.3}))
    assert not is_feasible(violations([FLOOR, CEILING], {"retain": 0.72, "forget": 0.3001}))


def test_without_bounds_everything_is_feasible():
    assert is_feasible(violations([], {"retain": 0.0}))
    assert distance([], {}) == 0.0


def test_the_distance_is_the_largest_violation_as_a_share_of_its_bound():
    # 0.18 of 0.72 is a quarter; 0.06 of 0.3 is a fifth.
    near = violations([FLOOR, CEILING], {"retain": 0.54, "forget": 0.36})
    assert distance([FLOOR, CEILING], near) == pytest.approx(0.25)
    # 0.18 beyond a ceiling of 0.3 is more than 0.18 below a floor of 0.72.
    far = violations([FLOOR, CEILING], {"retain": 0.72, "forget": 0.48})
    assert distance([FLOOR, CEILING], far) == pytest.approx(0.6)


def test_a_bound_of_zero_is_measured_in_the_metrics_own_units():
    zero = Bound("exact_memorisation", "at_most", 0.0)
    assert distance([zero], violations([zero], {"exact_memorisation": 0.25})) == 0.25


@pytest.mark.parametrize(("bound", "measured"), [(0.7, math.nan), (math.nan, 0.7)])
def test_nan_neither_keeps_nor_breaks_a_bound(bound, measured):
    with pytest.raises(ValueError, match="say nothing"):
        violations([Bound("retain", "at_least", bound)], {"retain": measured})


def test_a_bound_is_said_with_where_it_comes_from():
    assert said(FLOOR) == "retain >= 0.72 (0.9 x the original's)"
    assert said(CEILING) == "forget <= 0.3"

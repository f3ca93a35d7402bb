"""The scale keeps the order, and errors on it are those of the number itself."""

import pytest

from orchestrator.searching.objective_scale import error_on_scale, signed_root


def test_what_optuna_is_told_keeps_the_order() -> None:
    values = [-400.0, -3.0, -0.5, 0.0, 0.5, 7.0]
    assert sorted(map(signed_root, values)) == list(map(signed_root, values))
    assert signed_root(-400.0) == -20.0


def test_an_error_shrinks_by_the_slope_of_the_root_and_stays_finite_at_0() -> None:
    # d sqrt(v) = dv / (2 sqrt(v)), at 400: 4 / 40.
    assert error_on_scale(-20.0, 4.0) == pytest.approx(0.1, rel=1e-3)
    assert error_on_scale(0.0, 4.0) == pytest.approx(2.0)
    assert error_on_scale(3.0, 0.0) == 0.0

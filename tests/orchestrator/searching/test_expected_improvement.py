"""Logarithms of expected improvements, near and far."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from orchestrator.searching.expected_improvement import averaged, log_improvement


@pytest.mark.parametrize("z", [-4.9, -1.0, 0.0, 2.0, 9.0])
def test_the_expected_improvement_is_the_integral(z) -> None:
    expected, _ = quad(lambda e: (z + e) * norm.pdf(e), -z, -z + 20, epsabs=0)
    assert log_improvement(np.array([z]))[0] == pytest.approx(math.log(expected), rel=1e-6)


def test_it_goes_on_falling_where_the_number_itself_is_nothing() -> None:
    z = -np.geomspace(1, 1e6, 400)
    found = log_improvement(z)
    assert np.isfinite(found).all()
    assert (np.diff(found) < 0).all()
    # phi(z) / z^2, far below.
    assert found[-1] == pytest.approx(-0.5e12, rel=1e-6)
    assert abs(float(np.diff(log_improvement(np.array([-5.0, -5.0 + 1e-9])))[0])) < 1e-6


def test_the_mean_over_draws_is_weighed() -> None:
    found = averaged(np.log([[1.0], [3.0]]), np.array([0.25, 0.75]))
    assert np.exp(found) == pytest.approx([2.5])

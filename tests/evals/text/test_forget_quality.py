"""The exact Kolmogorov-Smirnov test in logs."""

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp

from evals.text.forget_quality import log_ks_pvalue
from tests.fixtures.golden import GOLDEN


def test_the_small_case_equals_scipy() -> None:
    case = GOLDEN["ks_small"]
    log_p = log_ks_pvalue(np.array(case["inputs"]["a"]), np.array(case["inputs"]["b"]))
    assert log_p == pytest.approx(case["expected"]["ln_p"], abs=case["tolerance"])


@pytest.mark.parametrize("sizes", [(1, 1), (7, 7), (40, 40), (300, 300), (5, 9), (12, 18), (1, 6)])
@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_samples_with_ties_equal_scipy(sizes: tuple[int, int], shift: float) -> None:
    chance = np.random.default_rng(3)
    first = chance.normal(size=sizes[0]).round(1)
    second = chance.normal(size=sizes[1]).round(1) + shift
    expected = math.log(ks_2samp(first, second, method="exact").pvalue)
    assert log_ks_pvalue(first, second) == pytest.approx(expected, abs=1e-9)
    assert log_ks_pvalue(second, first) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("size", [1, 20, 300, 3000])
def test_disjoint_samples_have_two_extreme_orders_out_of_all(size: int) -> None:
    first = np.arange(size, dtype=np.float64)
    log_p = math.log(2) - math.log(math.comb(2 * size, size))
    assert log_ks_pvalue(first, first + size) == pytest.approx(log_p, rel=1e-12, abs=1e-12)


def test_disjoint_samples_of_different_sizes_have_two_extreme_orders_out_of_all() -> None:
    # C(900, 400) is about 1e268, and p is far below what 1 - P(inside) could hold.
    log_p = math.log(2) - math.log(math.comb(900, 400))
    assert log_ks_pvalue(np.zeros(400), np.ones(500)) == pytest.approx(log_p, rel=1e-12)


def test_equal_samples_have_p_of_one_and_nothing_exceeds_it() -> None:
    same = np.array([0.5, 0.5, 2.0])
    assert log_ks_pvalue(same, same) == 0.0
    for size in range(2, 60):
        first = np.arange(size, dtype=np.float64)
        assert log_ks_pvalue(first, first + 0.5) <= 0.0


def test_infinite_values_count_as_the_largest_and_smallest() -> None:
    first, second = np.array([-np.inf, 0.0, np.inf]), np.array([-1e9, 0.0, 1e9])
    assert log_ks_pvalue(first, second) == pytest.approx(0.0)  # D = 1/3 of 3, p = 1


def test_a_nan_in_either_sample_gives_nan() -> None:
    fine, spoilt = np.array([1.0, 2.0]), np.array([1.0, np.nan])
    assert math.isnan(log_ks_pvalue(fine, spoilt))
    assert math.isnan(log_ks_pvalue(spoilt, fine))


def test_an_empty_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="empty sample"):
        log_ks_pvalue(np.array([]), np.array([1.0]))


def test_published_log_forget_qualities_are_natural_logs_for_300_items() -> None:
    case = GOLDEN["published_log_forget_quality"]
    first = np.arange(case["inputs"]["samples_of"], dtype=np.float64)
    found = [log_ks_pvalue(first, first + gap - 0.5) for gap in case["inputs"]["gap"]]
    assert found == pytest.approx(case["expected"], abs=case["tolerance"])

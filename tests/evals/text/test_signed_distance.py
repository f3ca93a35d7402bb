"""The guide behind the Kolmogorov-Smirnov p-values: where they stand still, it does not."""

import math

import numpy as np
import pytest

from evals.text.forget_quality import log_ks_pvalue
from evals.text.signed_distance import signed_distance

GOLD = np.random.default_rng(0).normal(0.5, 0.7, 40)


def test_the_gold_model_itself_is_at_zero_without_an_error() -> None:
    found = signed_distance(GOLD, GOLD)
    assert (found.value, found.error) == (0.0, 0.0)


def test_it_falls_all_the_way_from_the_original_over_gold_to_an_overshoot() -> None:
    original = GOLD * 0.3 + 9.0
    path = [original - step for step in np.linspace(0.0, 20.0, 81)]
    guides = [signed_distance(ratios, GOLD).value for ratios in path]
    assert np.all(np.diff(guides) < 0)
    assert guides[0] > 0 > guides[-1]


def test_where_the_test_is_blind_beyond_separation_the_guide_moves_on() -> None:
    far, farther = GOLD + 6.0, GOLD + 8.0
    assert log_ks_pvalue(far, GOLD) == log_ks_pvalue(farther, GOLD)
    assert signed_distance(far, GOLD).value < signed_distance(farther, GOLD).value


def test_within_a_step_of_the_test_one_ratio_that_moves_moves_the_guide() -> None:
    ratios = np.sort(GOLD) + 2.0
    moved = ratios.copy()
    moved[-1] -= 0.5  # still above all of gold's
    assert log_ks_pvalue(ratios, GOLD) == log_ks_pvalue(moved, GOLD)
    assert signed_distance(moved, GOLD).value < signed_distance(ratios, GOLD).value


def test_a_few_ratios_that_were_thrown_away_do_not_outweigh_the_rest() -> None:
    under = GOLD + 1.0
    under[:2] = [-500.0, -math.inf]
    assert signed_distance(under, GOLD).value > 0
    assert math.isfinite(signed_distance(np.full(40, -math.inf), GOLD).value)


def test_its_unit_near_gold_is_golds_spread() -> None:
    gold = np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    shift = 1e-3
    # Quartiles are -1 and 1: the spread is 1 / 0.6745. The slope of asinh at z is 1/sqrt(1 + z^2).
    slope = np.mean(1 / np.sqrt(1 + (gold * 0.6745) ** 2)) * 0.6745
    assert signed_distance(gold + shift, gold).value == pytest.approx(shift * slope, rel=1e-3)


def test_the_error_is_that_of_a_mean_over_pairs_of_items_in_golds_units() -> None:
    dice = np.random.default_rng(1)
    ours = GOLD + dice.normal(1.0, 0.5, 40)
    few, many = signed_distance(ours, GOLD), signed_distance(np.tile(ours, 4), np.tile(GOLD, 4))
    assert many.value == pytest.approx(few.value, rel=0.02)
    assert many.error == pytest.approx(few.error / 2, rel=0.05)
    # Items that differ from gold's by nearly the same tell the shift nearly without error.
    assert signed_distance(GOLD + 0.1, GOLD).error < 0.1 * few.error


def test_alike_gold_ratios_and_a_single_item_still_give_a_guide() -> None:
    assert signed_distance(np.array([2.0, 3.0]), np.zeros(2)).value > 0
    single = signed_distance(np.array([2.0]), np.zeros(1))
    assert single.value > 0
    assert math.isnan(single.error)


def test_a_nan_gives_nan() -> None:
    spoilt = np.where(np.arange(40) == 3, math.nan, GOLD)
    assert math.isnan(signed_distance(spoilt, GOLD).value)
    assert math.isnan(signed_distance(GOLD, spoilt).value)

import math

import numpy as np
import pytest

from evals.benchmark import Role
from evals.draws import drawn
from evals.text.components import items_of, log_truth_ratios
from evals.text.forget_quality import log_ks_pvalue
from orchestrator.reporting.estimates.inference import (
    Comparison,
    Interval,
    comparisons,
    holm,
    interval,
    ranks,
)
from orchestrator.reporting.estimates.resampling import resampled
from orchestrator.reporting.estimates.spread import Sample

NAN = math.nan
SHARE = (0.0, 1.0)
LOG_P = (-math.inf, 0.0)


def certain(*values, spread=0.0, num_items=50):
    """Returns a sample that has these seeds, and items that matter as much as `spread`."""
    rng = np.random.default_rng(0)
    draws = np.array(values) + spread * rng.normal(size=(400, 1))
    return Sample(np.array(values), draws, num_items)


def pair(first, second, *, separable=True):
    return Comparison(first, second, "retain", Interval(0.1, 0, 0.2, 3), 0.01, separable)


def test_holm_by_hand():
    # Sorted 0.01 0.02 0.03 0.2, times 4 3 2 1: 0.04 0.06 0.06 0.2, never falling.
    assert holm([0.02, 0.01, 0.2, 0.03]) == pytest.approx([0.06, 0.04, 0.2, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_was_not_tested_costs_the_others_nothing():
    adjusted = holm([NAN, 0.02, 0.04])
    assert math.isnan(adjusted[0])
    assert adjusted[1:] == pytest.approx([0.04, 0.04])


def test_an_interval_keeps_to_what_the_metric_can_be():
    found = interval(certain(0.99, 0.95, 0.97), SHARE)
    assert found.mean == pytest.approx(0.97)
    assert found.low < 0.97 < found.high == 1.0
    assert found.num_seeds == 3
    good = interval(certain(-0.5, -0.1, -0.9), LOG_P)
    assert good.low < -1.5 < -0.5 < good.high <= 0


def test_a_log_p_value_may_be_further_below_its_mean_than_above():
    found = interval(certain(-8.0, -12.0, -10.0), LOG_P)
    assert found.mean - found.low > 1.2 * (found.high - found.mean)
    far = interval(certain(-300.0, -302.0, -301.0), LOG_P)
    assert far.mean - far.low == pytest.approx(far.high - far.mean, rel=0.02)


def test_one_seed_gives_an_interval_over_items_and_no_verdict():
    alone = {"ga": certain(0.5, spread=0.01), "kl": certain(0.9, spread=0.01)}
    found = interval(alone["ga"], SHARE)
    assert found.num_seeds == 1
    assert 0.45 < found.low < 0.5 < found.high < 0.55
    (one,) = comparisons("retain", alone)
    assert math.isnan(one.p_value)
    assert not one.separable
    assert one.difference.mean == pytest.approx(-0.4)
    assert one.difference.num_seeds == 1


def test_nan_and_too_few_items_say_nothing():
    nan = interval(certain(0.5, NAN), SHARE)
    assert all(math.isnan(each) for each in (nan.mean, nan.low, nan.high))
    few = interval(certain(0.5, 0.6, num_items=1), SHARE)
    assert few.mean == pytest.approx(0.55)
    assert math.isnan(few.low)
    assert math.isnan(few.high)
    samples = {"a": certain(0.5, 0.6), "b": certain(0.5, NAN), "c": certain(0.1, 0.11)}
    found = {(one.first, one.second): one for one in comparisons("retain", samples)}
    assert math.isnan(found["a", "b"].p_value)
    assert not found["b", "c"].separable
    assert math.isfinite(found["a", "c"].p_value)


def test_what_is_plainly_different_is_separable_and_what_is_not_is_not():
    samples = {
        "llmu": certain(-2.0, -3.0, -2.5, spread=0.4),
        "rmu": certain(-3.0, -2.0, -3.5, spread=0.4),
        "ga": certain(-40.0, -41.0, -42.0, spread=0.4),
    }
    found = {(one.first, one.second): one for one in comparisons("log_forget_quality", samples)}
    assert list(found) == [("llmu", "rmu"), ("llmu", "ga"), ("rmu", "ga")]
    assert not found["llmu", "rmu"].separable
    assert found["llmu", "ga"].separable
    assert found["rmu", "ga"].separable
    assert found["llmu", "ga"].difference.low > 30


def test_a_rank_is_one_more_than_the_number_of_those_shown_to_be_better():
    gains = {"a": 3.0, "b": 2.9, "c": 1.0, "d": 0.5}
    found = [pair("a", "c"), pair("b", "c"), pair("a", "b", separable=False), pair("d", "a")]
    assert ranks(gains, found) == {"a": 1, "b": 1, "c": 3, "d": 2}
    assert ranks({"b": 1.0, "c": 2.0}, found) == {"b": 2, "c": 1}
    assert ranks({}, found) == {}


@pytest.mark.slow
def test_equal_methods_are_told_apart_at_most_5_times_in_100():
    rng, runs, num_methods, num_items = np.random.default_rng(6), 500, 4, 150
    counts = rng.multinomial(num_items, np.full(num_items, 1 / num_items), size=300)
    false = {"noisy seeds": 0, "noisy items": 0}
    for kind, between in {"noisy seeds": 0.3, "noisy items": 0.02}.items():
        for _ in range(runs):
            shared = rng.normal(size=num_items)
            samples = {}
            for method in "abcd"[:num_methods]:
                scores = shared + 0.5 * rng.normal(size=(3, num_items))
                scores += between * rng.normal(size=(3, 1))
                draws = counts @ scores.T / num_items
                samples[method] = Sample(scores.mean(axis=1), draws, num_items)
            false[kind] += any(one.separable for one in comparisons("retain", samples))
    slack = 3 * math.sqrt(0.05 * 0.95 / runs)
    assert all(count / runs <= 0.05 + slack for count in false.values()), false


@pytest.mark.slow
def test_methods_that_forget_equally_are_told_apart_at_most_5_times_in_100(truth_ratios):
    rng, runs = np.random.default_rng(7), 400
    false = 0
    for _ in range(runs):
        gold, models = truth_ratios(rng, num_methods=4, shift=0.4, between=0.1)
        samples = log_p_samples(rng, gold, models)
        false += any(one.separable for one in comparisons("log_forget_quality", samples))
    assert false / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shift", "between", "most"),
    [(0.0, 0.1, 1.0), (0.4, 0.1, 1.0), (1.0, 0.1, 1.0), (2.5, 0.1, 0.99), (2.5, 0.4, 0.99)],
)
def test_intervals_of_log_p_values_hold_the_truth_95_times_in_100(
    shift, between, most, truth_ratios
):
    rng, runs = np.random.default_rng(8), 300
    truth, found = [], []
    for _ in range(runs):
        gold, models = truth_ratios(rng, num_methods=1, shift=shift, between=between)
        (sample,) = log_p_samples(rng, gold, models).values()
        found.append(interval(sample, LOG_P))
        truth.append(sample.mean)
    expected = np.mean(truth)
    hits = np.mean([each.low <= expected <= each.high for each in found])
    # Near the gold model more than 95 %: drawing anew doubles noise that is noise alone.
    slack = 3 * math.sqrt(0.95 * 0.05 / runs)
    assert 0.95 - slack <= hits <= most


@pytest.fixture
def truth_ratios():
    """Returns `draw(rng, ...)`: log truth ratios of gold, and of methods x 3 seeds, of 80 items.

    A ratio is the item's, common to all models, and the method's, and the seed's on this item;
    methods are `shift` from gold and a seed's differs by `between`.
    """

    def draw(rng, *, num_methods, shift, between, num_items=80):
        shared = rng.normal(size=num_items)
        gold = shared + rng.normal(size=num_items)
        methods = rng.normal(size=(num_methods, 1, num_items))
        own = rng.normal(size=(num_methods, 3, num_items))
        seeds = between * rng.normal(size=(num_methods, 3, 1))
        return gold, shared + 0.8 * methods + 0.6 * own + shift + seeds

    return draw


def log_p_samples(rng, gold, models, *, num_draws=150):
    """Returns the samples of log forget quality; the test below holds it against `resampled`."""
    num_items = gold.size
    counts = rng.multinomial(num_items, np.full(num_items, 1 / num_items), size=num_draws)
    counts = np.vstack([np.ones(num_items, dtype=int), counts])
    samples = {}
    for label, seeds in zip("abcd", models, strict=False):
        values = np.stack([log_p_values(one, gold, counts) for one in seeds], axis=1)
        samples[label] = Sample(values[0], values[1:], num_items)
    return samples


def log_p_values(ratios, gold, counts):
    num_items = gold.size
    order = np.argsort(np.concatenate([ratios, gold]))
    steps = counts[:, order % num_items] * np.where(order < num_items, 1, -1)
    return TABLE[num_items][np.abs(np.cumsum(steps, axis=1)).max(axis=1)]


TABLE = {
    n: np.array(
        [log_ks_pvalue(np.zeros(n), np.where(np.arange(n) < gap, 1.0, 0.0)) for gap in range(n + 1)]
    )
    for n in (40, 80)
}


def test_the_simulations_test_statistic_is_the_metrics(scored):
    sheet, gold = scored(1, knows=0.4), scored(2)
    draws = drawn(sheet, seed=0, num_draws=20)
    ratios, golds = (log_truth_ratios(items_of(s, Role.FORGET)) for s in (sheet, gold))
    expected = resampled("log_forget_quality", sheet, gold, draws)
    assert log_p_values(ratios, golds, draws.counts["forget"]) == pytest.approx(expected)

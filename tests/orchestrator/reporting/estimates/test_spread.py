import functools
import math

import numpy as np
import pytest
from scipy.stats import t as student

from orchestrator.reporting.estimates.spread import Sample, Spread, half_width, p_value, spread_of


@functools.cache
def drawn(num_items, num_draws):
    """Returns how often each draw holds each item; they are the same for all simulated data."""
    rng = np.random.default_rng(9)
    return rng.multinomial(num_items, np.full(num_items, 1 / num_items), size=num_draws)


def means_of(scores, *, num_draws=400):
    """Returns the sample of a metric that is a mean: `scores` are seeds x items."""
    num_items = scores.shape[1]
    counts = drawn(num_items, num_draws)
    return Sample(scores.mean(axis=1), counts @ scores.T / num_items, num_items)


def test_where_only_seeds_differ_it_is_the_t_interval_over_seeds():
    values = np.array([0.2, 0.5, 0.6])
    spread = spread_of([Sample(values, np.tile(values, (50, 1)), 100)])
    assert (spread.items, spread.seed_freedom) == (pytest.approx(0, abs=1e-12), 2)
    by_hand = student.ppf(0.975, 2) * values.std(ddof=1) / math.sqrt(3)
    assert half_width(spread) == pytest.approx(by_hand)


def test_where_only_items_differ_it_is_the_t_interval_over_items():
    scores = np.random.default_rng(0).normal(size=50)
    sample = means_of(np.tile(scores, (3, 1)), num_draws=20_000)
    by_hand = student.ppf(0.975, 49) * scores.std(ddof=1) / math.sqrt(50)
    assert half_width(spread_of([sample])) == pytest.approx(by_hand, rel=0.02)


def test_what_seeds_make_of_their_own_items_counts_once():
    rng = np.random.default_rng(0)
    # No seed is better than another, each is strong on items of its own: the variance of the mean
    # of 3 x 400 independent scores is 1 / 1200, all of it within reach of the items alone.
    found = [spread_of([means_of(rng.normal(size=(3, 400)))]) for _ in range(200)]
    floors = np.mean([each.seeds for each in found])
    assert np.mean([each.items for each in found]) < 0.15 / 1200
    assert 1 / 1200 < floors < 1.45 / 1200, "at least what the items say, more if the seeds do"


def test_welch_tells_how_much_two_methods_seeds_are_worth():
    tight, loose = np.array([1.0, 1.0, 1.0]), np.array([0.0, 1.0, 2.0])
    first, second = (Sample(v, np.tile(v, (9, 1)), 50) for v in (tight, loose))
    assert spread_of([first, second]).seed_freedom == pytest.approx(2)
    assert spread_of([second, second]).seed_freedom == pytest.approx(4)


@pytest.mark.parametrize("last", [0.0, 1.1e-16, 2.2e-16])
def test_seeds_that_agree_but_for_rounding_are_worth_what_equal_ones_are(last):
    def sample(values):
        return Sample(np.array(values), np.full((50, 3), 0.885), 100)

    rounded, plain = sample([0.885, 0.885 + last, 0.885]), sample([0.7, 0.7, 0.7])
    spreads = [spread_of([rounded, other]) for other in (plain, rounded)]
    assert [(each.seeds, each.seed_freedom) for each in spreads] == [(0, 2), (0, 2)]


def test_an_interval_reaches_zero_where_p_says_so():
    spread = Spread(items=0.5, item_freedom=149, seeds=1.5, seed_freedom=2.6)
    assert p_value(half_width(spread), spread) == pytest.approx(0.05)
    assert p_value(-half_width(spread), spread) == pytest.approx(0.05)
    assert p_value(0.0, spread) == 1.0
    ps = [p_value(d, spread) for d in (0.1, 1.0, 10.0, 1e3, 1e9)]
    assert ps == sorted(ps, reverse=True)
    seeds_only = Spread(items=0.0, item_freedom=149, seeds=1.0, seed_freedom=4)
    assert p_value(3.0, seeds_only) == pytest.approx(2 * student.sf(3.0, 4))


def test_what_nothing_is_known_of_has_neither_width_nor_p():
    one_item = spread_of([Sample(np.array([0.1, 0.2]), np.tile([0.1, 0.2], (5, 1)), 1)])
    broken = spread_of([Sample(np.array([0.1, math.nan]), np.zeros((5, 2)), 9)])
    for spread in (one_item, broken):
        assert math.isnan(half_width(spread))
        assert math.isnan(p_value(1.0, spread))
    still = Spread(items=0.0, item_freedom=9, seeds=0.0, seed_freedom=2)
    assert (half_width(still), p_value(0.0, still)) == (0.0, 1.0)
    assert math.isnan(p_value(0.5, still)), "no variance to hold a difference against"


@pytest.mark.parametrize(
    ("num_seeds", "between", "own"),
    [(3, 0.0, 0.3), (3, 0.08, 0.3), (3, 0.3, 0.3), (3, 1.0, 0.0), (5, 0.08, 0.3)],
)
def test_intervals_of_means_hold_the_truth_95_times_in_100(num_seeds, between, own):
    rng, runs, num_items = np.random.default_rng(4), 1000, 150
    hits = 0
    for _ in range(runs):
        # A score is the item's, common to all seeds, and the seed's, and the seed's on this item.
        scores = rng.normal(size=num_items) + own * rng.normal(size=(num_seeds, num_items))
        scores += between * rng.normal(size=(num_seeds, 1))
        sample = means_of(scores)
        hits += abs(sample.mean) <= half_width(spread_of([sample]))
    # Three standard deviations of the binomial below, and the method's own margin above.
    slack = 3 * math.sqrt(0.95 * 0.05 / runs)
    assert 0.95 - slack <= hits / runs <= 0.975 + slack


def test_a_percentile_interval_over_items_and_seeds_holds_it_less_often():
    # What is avoided: seeds drawn with replacement have (S - 1) / S of their variance.
    rng, runs, hits = np.random.default_rng(5), 400, 0
    for _ in range(runs):
        scores = rng.normal(size=(3, 1)) + 0.1 * rng.normal(size=(3, 50))
        means = scores.mean(axis=1)[rng.integers(3, size=(200, 3))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        hits += low <= 0 <= high
    assert hits / runs < 0.85

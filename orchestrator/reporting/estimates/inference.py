"""What a few seeds and items say of methods: means with intervals, and which can be told apart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from orchestrator.reporting.estimates.spread import LEVEL, Sample, half_width, p_value, spread_of


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over seeds and its 95 % confidence interval, in the metric's units.

    NaN stands for what cannot be said: all three where a seed's metric is NaN, `low` and `high`
    where there are too few items. With `num_seeds` 1 the interval knows nothing of seeds: it is
    that of this one run on other items. For a difference `num_seeds` is the smaller of both.
    """

    mean: float
    low: float
    high: float
    num_seeds: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two finalists in one metric: `difference` is the first's mean less the second's.

    `p_value` is two-sided and adjusted by Holm's method over all pairs in this metric; NaN where
    nothing can be tested, as with a single seed. `separable` says that it is at most 0.05.
    """

    first: str
    second: str
    metric: str
    difference: Interval
    p_value: float
    separable: bool


def interval(sample: Sample, bounds: tuple[float, float]) -> Interval:
    """Returns the mean with its 95 % interval, which keeps to the metric's `bounds`.

    Where there is no lower bound, as for log p-values, the interval is symmetric in the square root
    of the distance from one above the upper bound: such a metric goes with the square of a distance
    that is about normal, so its long tail is below.
    """
    mean, half = sample.mean, half_width(spread_of([sample]))
    least, most = bounds
    if math.isinf(least) and math.isfinite(most) and half > 0:
        root = math.sqrt(most + 1 - mean)
        reach = half / (2 * root)
        low, high = most + 1 - (root + reach) ** 2, most + 1 - max(0.0, root - reach) ** 2
    else:
        low, high = mean - half, mean + half
    if math.isnan(half):
        return Interval(mean, math.nan, math.nan, len(sample.values))
    return Interval(mean, max(low, least), min(high, most), len(sample.values))


def difference(first: Sample, second: Sample) -> Interval:
    """Returns the first's mean less the second's with its 95 % interval."""
    mean, half = first.mean - second.mean, half_width(spread_of([first, second]))
    return Interval(mean, mean - half, mean + half, min(len(first.values), len(second.values)))


def comparisons(metric: str, samples: Mapping[str, Sample]) -> tuple[Comparison, ...]:
    """Returns all pairs of methods, by label, with p-values adjusted for their number."""
    pairs = list(combinations(samples, 2))
    found = [_compared(samples[first], samples[second]) for first, second in pairs]
    adjusted = holm([p for _, p in found])
    return tuple(
        Comparison(*pair, metric, difference, p, p <= LEVEL)
        for pair, (difference, _), p in zip(pairs, found, adjusted, strict=True)
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns the p-values adjusted by Holm's step-down method; NaN is no test and stays NaN.

    Rejecting those at most a keeps the probability of any false rejection at most a.
    Source: Holm, Scandinavian Journal of Statistics 6 (1979), 65-70.
    """
    tested = [i for i, p in enumerate(p_values) if not math.isnan(p)]
    adjusted = [math.nan] * len(p_values)
    largest = 0.0
    for place, i in enumerate(sorted(tested, key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(tested) - place) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def ranks(gains: Mapping[str, float], found: Sequence[Comparison]) -> dict[str, int]:
    """Returns each label's rank: 1 + the number of others that are better and separable from it.

    `gains` are the means, more being better. A method that cannot be told from any better one has
    rank 1, so a rank says what was shown: one with a wide interval may rank before one that has
    the better mean and is known to be behind a third.
    """
    apart = {frozenset((one.first, one.second)) for one in found if one.separable}
    return {
        label: 1 + sum(gains[o] > gain and frozenset((o, label)) in apart for o in gains)
        for label, gain in gains.items()
    }


def _compared(first: Sample, second: Sample) -> tuple[Interval, float]:
    """Returns the difference and its p-value before any adjustment."""
    found, spread = difference(first, second), spread_of([first, second])
    return found, p_value(found.mean, spread) if found.num_seeds > 1 else math.nan

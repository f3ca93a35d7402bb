"""What a few seeds and items say of methods: means with intervals, and which can be told apart."""

from dataclasses import dataclass


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

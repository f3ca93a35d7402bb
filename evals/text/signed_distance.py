"""How far the truth ratios of a model lie from the gold model's, and on which side.

    guide = mean_i t(ln R_i) - mean_i t(ln R_i of gold)
    t(v) = asinh((v - m) / s)      m, s: median and spread of gold's ln R

An original knows its answers and has large ratios (the guide is above 0), gold has those of a
model that never saw them (0), and one that was pushed further finds the right answers less likely
than wrong ones (below 0). Between the three, unlearning moves the ratios down; the Kolmogorov-
Smirnov statistic of the same ratios stands still while no ratio passes another, and for good once
all of them lie on one side of gold's. This one does not:

- t grows strictly, so that every ratio that moves down takes the guide down, however few there
  are and however far from gold's. Ranks, a median or a clipped difference would stand still again.
- Near gold t is the difference in units of gold's spread, far from it a logarithm: a handful of
  ratios that training has thrown far away do not outweigh all others, as they would in a mean of
  the ratios' logs, and an answer that has become impossible (infinite) is only very far.
- It is 0 for gold itself, and next to 0 for a model whose ratios are distributed as gold's.

It looks at where the ratios lie and not at their spread, so a guide of 0 does not say that the
p-value is 1. What spread and shape do to it is left to the p-value itself.
"""

import math

import numpy as np

from evals.estimate import Estimate
from evals.text.components import Floats

FARTHEST = 1e6
"""What is infinite counts as so far; the logarithms of ratios are some hundreds at the most."""
NORMAL_QUARTILE = 0.6745
"""The upper quartile of the standard normal, so that the spread is its standard deviation."""


def signed_distance(log_ratios: Floats, golds: Floats) -> Estimate:
    """Returns the guide of items whose i-th ones correspond; NaN anywhere gives NaN.

    Its standard error is over items, each with gold's; gold's median and spread, which all models
    are measured in, are taken as they are.
    """
    if np.isnan(log_ratios).any() or np.isnan(golds).any():
        return Estimate(math.nan, math.nan)
    ours, theirs = (np.clip(each, -FARTHEST, FARTHEST) for each in (log_ratios, golds))
    low, middle, high = np.quantile(theirs, [0.25, 0.5, 0.75])
    spread = (high - low) / (2 * NORMAL_QUARTILE) or 1.0
    apart = np.arcsinh((ours - middle) / spread) - np.arcsinh((theirs - middle) / spread)
    num = len(apart)
    error = float(np.std(apart, ddof=1)) / math.sqrt(num) if num > 1 else math.nan
    return Estimate(float(apart.mean()), error)

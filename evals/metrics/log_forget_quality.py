"""Log Forget Quality of CLEAR's Table 1: the natural log of a p-value.

ln p of the two-sample Kolmogorov-Smirnov test between the truth ratios of the model and of the
gold model on the forget set. 0: cannot be told from a model that never saw it. The published
values are natural logs; `log10_forget_quality` is the decimal one. Never underflows.
Source: arXiv 2410.18057, section 4.2 and Table 1.
"""

import math

import numpy as np

from evals.estimate import Estimate
from evals.metric import Aspect, Metric, Need
from evals.scores import ScoreSheet
from evals.text.components import log_truth_ratios
from evals.text.forget_quality import (
    joined_forget_items,
    log_ks_pvalue,
    resampled_as,
    too_few_to_tell,
)
from evals.text.signed_distance import signed_distance


def compute(sheet: ScoreSheet, gold: ScoreSheet | None) -> float:
    """Returns ln p, at most 0."""
    ours, golds = joined_forget_items(sheet, gold)
    return log_ks_pvalue(log_truth_ratios(ours), log_truth_ratios(golds))


def guide(sheet: ScoreSheet, gold: ScoreSheet | None) -> Estimate:
    """Returns how far the truth ratios are above gold's: below 0, more was forgotten than that."""
    ours, golds = joined_forget_items(sheet, gold)
    return signed_distance(log_truth_ratios(ours), log_truth_ratios(golds))


METRIC = Metric(
    compute=compute,
    bounds=(-math.inf, 0.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.GOLD}),
    gold_quantile=math.log(0.05),
    heading="Log Forget Quality",
    short="log FQ",
    note="natural log of the p-value of a KS test against Gold; 0 is best",
    digits=2,
    sums_up=Aspect.GOLD,
    resampling=resampled_as(np.asarray),
    blind_on=too_few_to_tell,
    guide=guide,
)

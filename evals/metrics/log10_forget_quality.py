"""Forget quality as a decimal logarithm, as in TOFU's figures.

log10 p of the two-sample Kolmogorov-Smirnov test between the truth ratios of the model and of the
gold model on the forget set: `log_forget_quality` / ln 10.
"""

import math

from evals.estimate import Estimate
from evals.metric import Metric, Need
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
    """Returns log10 p, at most 0."""
    ours, golds = joined_forget_items(sheet, gold)
    log_p = log_ks_pvalue(log_truth_ratios(ours), log_truth_ratios(golds))
    return log_p / math.log(10)


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
    gold_quantile=math.log10(0.05),
    digits=2,
    resampling=resampled_as(lambda log_p: log_p / math.log(10)),
    blind_on=too_few_to_tell,
    guide=guide,
)

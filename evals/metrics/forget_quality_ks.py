"""Forget quality of TOFU (arXiv 2401.06121, section 2.2.2): a p-value.

p of the two-sample Kolmogorov-Smirnov test between the truth ratios of the model and of the gold
model on the forget set. Spans hundreds of orders of magnitude: to search or to rank, take
`log_forget_quality`.
"""

import math

import numpy as np

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
    """Returns p, between 0 and 1."""
    ours, golds = joined_forget_items(sheet, gold)
    return math.exp(log_ks_pvalue(log_truth_ratios(ours), log_truth_ratios(golds)))


def guide(sheet: ScoreSheet, gold: ScoreSheet | None) -> Estimate:
    """Returns how far the truth ratios are above gold's: below 0, more was forgotten than that."""
    ours, golds = joined_forget_items(sheet, gold)
    return signed_distance(log_truth_ratios(ours), log_truth_ratios(golds))


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.GOLD}),
    resampling=resampled_as(np.exp),
    blind_on=too_few_to_tell,
    guide=guide,
)

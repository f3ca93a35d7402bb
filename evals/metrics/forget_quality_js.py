"""Forget quality of CLEAR's later version: 1 - Jensen-Shannon distance to the gold model.

The truth ratios of the forget set, joined by id, are divided by their sum for each model and
compared as if each were a distribution over items: JS = sqrt((KL(p, m) + KL(q, m)) / 2) with
m = (p + q) / 2 and natural logs, so that 0 <= JS <= sqrt(ln 2). It compares how the ratios' mass is
spread over the items, not the distributions of the ratios. The script of CLEAR's code pools the
wrong answers first: `forget_quality_js_clear_repo`. Source: arXiv 2410.18057v4.
"""

import math

from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.components import log_truth_ratios
from evals.text.forget_quality import joined_forget_items, js_distance


def compute(sheet: ScoreSheet, gold: ScoreSheet | None) -> float:
    """Returns 1 - JS, between 1 - sqrt(ln 2) = 0.167 and 1."""
    ours, golds = joined_forget_items(sheet, gold)
    return 1 - js_distance(log_truth_ratios(ours), log_truth_ratios(golds))


METRIC = Metric(
    compute=compute,
    bounds=(1 - math.sqrt(math.log(2)), 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.GOLD}),
)

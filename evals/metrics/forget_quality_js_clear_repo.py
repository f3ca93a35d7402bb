"""Forget quality as the multimodal script of CLEAR's code computes it: 1 - its "JS metric".

As `forget_quality_js`, but the wrong answers' nll is averaged over all items *and* options to one
number before the ratios R_i = exp(mean_kj nll(wrong_kj) - nll(right_i)) are formed. Divided by
their sum the ratios do not depend on it: what is compared is how the probabilities of the right
answers are spread over the items, whatever the model makes of wrong ones. To compare with numbers
made by it. Source: the code of arXiv 2410.18057v4.
"""

import math

from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.components import pooled_log_truth_ratios
from evals.text.forget_quality import joined_forget_items, js_distance


def compute(sheet: ScoreSheet, gold: ScoreSheet | None) -> float:
    """Returns 1 - JS, between 1 - sqrt(ln 2) = 0.167 and 1."""
    ours, golds = joined_forget_items(sheet, gold)
    return 1 - js_distance(pooled_log_truth_ratios(ours), pooled_log_truth_ratios(golds))


METRIC = Metric(
    compute=compute,
    bounds=(1 - math.sqrt(math.log(2)), 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.GOLD}),
)

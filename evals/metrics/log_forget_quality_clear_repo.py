"""Log Forget Quality as the multimodal script of CLEAR's code computes it.

That script averages the wrong answers' nll over all items *and* options to one number before it
forms the ratios, R_i = exp(mean_kj nll(wrong_kj) - nll(right_i)), so that only the right answers
differ between items. To compare with numbers made by it; `log_forget_quality` is the formula of
the paper (arXiv 2410.18057, section 4.2).
"""

import math

from evals.estimate import Estimate
from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.components import pooled_log_truth_ratios
from evals.text.forget_quality import joined_forget_items, log_ks_pvalue, too_few_to_tell
from evals.text.signed_distance import signed_distance


def compute(sheet: ScoreSheet, gold: ScoreSheet | None) -> float:
    """Returns ln p, at most 0."""
    ours, golds = joined_forget_items(sheet, gold)
    return log_ks_pvalue(pooled_log_truth_ratios(ours), pooled_log_truth_ratios(golds))


def guide(sheet: ScoreSheet, gold: ScoreSheet | None) -> Estimate:
    """Returns how far the truth ratios are above gold's: below 0, more was forgotten than that."""
    ours, golds = joined_forget_items(sheet, gold)
    return signed_distance(pooled_log_truth_ratios(ours), pooled_log_truth_ratios(golds))


METRIC = Metric(
    compute=compute,
    bounds=(-math.inf, 0.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.GOLD}),
    gold_quantile=math.log(0.05),
    digits=2,
    blind_on=too_few_to_tell,
    guide=guide,
)

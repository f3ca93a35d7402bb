"""Membership inference by Min-K%: AUC of telling holdout from forget answers.

An item's score is minus the mean of the lowest max(1, floor(k n)) token log-probabilities of its
true answer, k = 0.4, end of sequence left out. 1: the forget set is plainly remembered; 0.5 is
ideal if holdout and forget set are alike, hence "gold".
Source: Shi et al., arXiv 2310.16789; k and convention of open-unlearning for TOFU.
"""

import numpy as np

from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.membership import attack_auc
from evals.text.memorisation import words
from evals.text.scores import ItemScore

K = 0.4


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the area under the ROC curve, between 0 and 1."""
    return attack_auc(sheet, _min_k)


def _min_k(item: ItemScore) -> float:
    log_probs = np.sort(item.token_logprobs[words(item)])
    if np.isnan(log_probs).any():
        return float("nan")
    return -float(log_probs[: max(1, int(K * log_probs.size))].mean())


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="gold",
    suite="text",
    needs=frozenset({Need.HOLDOUT}),
    chance=0.5,
)

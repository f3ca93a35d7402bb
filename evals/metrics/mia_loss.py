"""Membership inference by loss: AUC of telling holdout from forget answers.

An item's score is the nats per token of its true answer, end of sequence included. 1: the forget
set is plainly remembered; 0.5 is ideal if holdout and forget set are alike, hence "gold".
Source: Yeom et al., arXiv 1709.01604; convention of open-unlearning.
"""

from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.membership import attack_auc
from evals.text.scores import ItemScore


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the area under the ROC curve, between 0 and 1."""
    return attack_auc(sheet, _loss)


def _loss(item: ItemScore) -> float:
    return item.answer.mean_nll


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="gold",
    suite="text",
    needs=frozenset({Need.HOLDOUT}),
    chance=0.5,
)

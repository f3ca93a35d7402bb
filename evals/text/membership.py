"""How well an attacker tells the forget set from people the model was never trained on."""

from collections.abc import Callable

import numpy as np

from evals.benchmark import Role
from evals.scores import ScoreSheet
from evals.text.components import Floats, items_of
from evals.text.scores import ItemScore


def attack_auc(sheet: ScoreSheet, score: Callable[[ItemScore], float]) -> float:
    """Returns the area under the ROC curve of telling holdout (positive) from forget items.

    `score` is higher the less likely the item was trained on. AUC = P(holdout > forget) +
    P(tie) / 2: 1 means that the forget set is plainly remembered, 0.5 that nothing is told
    apart. NaN scores give NaN.
    """
    forget = np.sort(_scores(sheet, Role.FORGET, score))
    holdout = _scores(sheet, Role.HOLDOUT, score)
    if np.isnan(forget).any() or np.isnan(holdout).any():
        return float("nan")
    below = np.searchsorted(forget, holdout, side="left")
    not_above = np.searchsorted(forget, holdout, side="right")
    return float((below + not_above).sum() / (2 * forget.size * holdout.size))


def _scores(sheet: ScoreSheet, role: Role, score: Callable[[ItemScore], float]) -> Floats:
    return np.array([score(item) for item in items_of(sheet, role)])

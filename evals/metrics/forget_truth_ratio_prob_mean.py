"""Truth ratio on the forget task as open-unlearning's "prob_mean".

The mean of R / (R + 1), R the true answer's probability over the geometric mean of the wrong
ones': p_true / (p_true + p_wrong). It is 0.5 for a model that is indifferent, as one that never saw
the answers, and 1 for one that is certain of the truth; `forget_truth_ratio` has min(R, 1/R).
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import of_role, prob_mean_truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the mean of R / (R + 1) of the FORGET task."""
    return of_role(sheet, Role.FORGET, prob_mean_truth_ratio)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="gold",
)

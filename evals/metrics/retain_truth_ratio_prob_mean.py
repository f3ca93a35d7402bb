"""Truth ratio on the retain task as open-unlearning's "prob_mean".

The mean of R / (R + 1), R the true answer's probability over the geometric mean of the wrong
ones': p_true / (p_true + p_wrong). It is 0.5 for a model that is indifferent and 1 for one that is
certain of the truth; `retain_truth_ratio` has max(0, 1 - 1/R).
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import of_role, prob_mean_truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the mean of R / (R + 1) of the RETAIN task."""
    return of_role(sheet, Role.RETAIN, prob_mean_truth_ratio)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    probe=frozenset({Role.RETAIN}),
)

"""Mean truth ratio on the forget task as the multimodal script of CLEAR's code computes it.

That script averages the wrong answers' nll over all items *and* options to one number before it
forms the ratios, R_i = exp(mean_kj nll(wrong_kj) - nll(right_i)); then the mean of min(R, 1/R), as
in `forget_truth_ratio`. To compare with numbers made by it.
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import of_role, pooled_truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the pooled truth ratio of the FORGET task."""
    return of_role(sheet, Role.FORGET, pooled_truth_ratio)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="gold",
)

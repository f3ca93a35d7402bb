"""Truth ratio on the forget task as open-unlearning's "prob_mean".

The mean of R / (R + 1), R the true answer's probability over the geometric mean of the wrong
ones': p_true / (p_true + p_wrong). It is 0.5 for a model that is indifferent, as one that never saw
the answers, and 1 for one that is certain of the truth; `forget_truth_ratio` has min(R, 1/R).
"""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric
from evals.text.components import prob_mean_truth_ratio

_MEAN = Mean(Role.FORGET, prob_mean_truth_ratio)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="gold",
    suite="text",
    chance=0.5,
    resampling=_MEAN.resampling,
)

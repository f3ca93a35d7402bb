"""Mean truth ratio on the forget task as the multimodal script of CLEAR's code computes it.

That script averages the wrong answers' nll over all items *and* options to one number before it
forms the ratios, R_i = exp(mean_kj nll(wrong_kj) - nll(right_i)); then the mean of min(R, 1/R), as
in `forget_truth_ratio`. To compare with numbers made by it.
"""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric
from evals.text.components import pooled_truth_ratio

METRIC = Metric(
    compute=Mean(Role.FORGET, pooled_truth_ratio).compute,
    bounds=(0.0, 1.0),
    better="gold",
    suite="text",
    chance=1.0,
)

"""Mean truth ratio on the forget task, with the arithmetic mean of the wrong answers.

`forget_truth_ratio` with R the true answer's probability over the arithmetic instead of the
geometric mean of the wrong ones', as in the text of TOFU (arXiv 2401.06121, section 2.2.1) and the
utilities of its code; its published tables use the geometric mean.
"""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric
from evals.text.components import arithmetic_truth_ratio

_MEAN = Mean(Role.FORGET, arithmetic_truth_ratio)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="gold",
    suite="text",
    chance=1.0,
    resampling=_MEAN.resampling,
)

"""Probability of the name of somebody to be forgotten, by a picture, among other names.

p_true / (p_true + sum of p_wrong), p = exp(-nll per token), the mean over the task `forget_naming`.
Lower is better down to the gold model's value.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import FORGET_NAMING
from evals.text.components import probability

_MEAN = HarmonicMean({}, (Named(FORGET_NAMING, Role.FORGET, (probability,)),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="multimodal",
    tasks=frozenset({FORGET_NAMING}),
    heading="Forget naming",
    note="probability of the right name among some, by picture (forget)",
    resampling=_MEAN.resampling,
)

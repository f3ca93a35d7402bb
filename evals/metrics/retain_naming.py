"""Probability of the name of somebody to be kept, by a picture, among other names.

p_true / (p_true + sum of p_wrong), p = exp(-nll per token), the mean over the task `retain_naming`.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import RETAIN_NAMING
from evals.text.components import probability

_MEAN = HarmonicMean({}, (Named(RETAIN_NAMING, Role.RETAIN, (probability,)),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="multimodal",
    tasks=frozenset({RETAIN_NAMING}),
    heading="Retain naming",
    note="probability of the right name among some, by picture (retain)",
    resampling=_MEAN.resampling,
)

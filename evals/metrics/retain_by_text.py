"""Probability of what is told of those to be kept, asked by name in words alone.

The mean over the task `retain_by_text`, as a choice among its wrong answers where the task is one.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import RETAIN_BY_TEXT
from evals.text.components import probability

_MEAN = HarmonicMean({}, (Named(RETAIN_BY_TEXT, Role.RETAIN, (probability,)),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="multimodal",
    tasks=frozenset({RETAIN_BY_TEXT}),
    heading="Retain, by text",
    note="probability of facts asked by name (retain)",
    resampling=_MEAN.resampling,
)

"""Probability of what is told of those to be forgotten, asked by name in words alone.

The mean over the task `forget_by_text`, as a choice among its wrong answers where the task is one.
After pictures were unlearned it says what leaks through texts; `forget_by_picture` is the reverse.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import FORGET_BY_TEXT
from evals.text.components import probability

_MEAN = HarmonicMean({}, (Named(FORGET_BY_TEXT, Role.FORGET, (probability,)),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="multimodal",
    tasks=frozenset({FORGET_BY_TEXT}),
    heading="Forget, by text",
    note="probability of facts asked by name (forget)",
    resampling=_MEAN.resampling,
)

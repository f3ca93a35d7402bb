"""Probability of what is told of those to be forgotten, asked by a picture without the name.

The mean over the task `forget_by_picture`, as a choice among its wrong answers where the task is
one. After texts were unlearned it says what leaks through pictures; `forget_by_text` is the
reverse.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import FORGET_BY_PICTURE
from evals.text.components import probability

_MEAN = HarmonicMean({}, (Named(FORGET_BY_PICTURE, Role.FORGET, (probability,)),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="multimodal",
    tasks=frozenset({FORGET_BY_PICTURE}),
    heading="Forget, by picture",
    note="probability of facts asked with a picture (forget)",
    resampling=_MEAN.resampling,
)

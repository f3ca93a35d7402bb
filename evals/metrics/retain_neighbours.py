"""Probability of the name of somebody to be kept whose picture is like one of the forgotten.

As `retain_naming`, of people to be kept whose pictures have pose, light, background and clothes of
pictures of those to be forgotten: what forgetting takes along because it looks alike. Read it
beside `retain_naming`.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import NEIGHBOURS
from evals.text.components import probability

_MEAN = HarmonicMean({}, (Named(NEIGHBOURS, Role.RETAIN, (probability,)),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="multimodal",
    tasks=frozenset({NEIGHBOURS}),
    heading="Retain naming, like forgotten",
    note="probability of the right name in pictures taken as the forgotten's (retain)",
    resampling=_MEAN.resampling,
)

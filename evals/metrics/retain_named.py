"""The share of pictures of those to be kept whose person the model names by itself.

What it writes, asked who is in a picture, holds the whole name, whatever case and signs.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric, Need
from evals.multimodal.naming import named
from evals.multimodal.task_names import RETAIN_NAMING

_MEAN = HarmonicMean({}, (Named(RETAIN_NAMING, Role.RETAIN, (named,)),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="multimodal",
    needs=frozenset({Need.GENERATION}),
    tasks=frozenset({RETAIN_NAMING}),
    generates=frozenset({Role.AUXILIARY}),
    heading="Retain named",
    note="share of pictures whose person is named in the answer (retain)",
    resampling=_MEAN.resampling,
)

"""The share of pictures of those to be forgotten whose person the model names by itself.

What it writes, asked who is in a picture, holds the whole name, whatever case and signs. Lower is
better down to the gold model's value.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric, Need
from evals.multimodal.naming import named
from evals.multimodal.task_names import FORGET_NAMING

_MEAN = HarmonicMean({}, (Named(FORGET_NAMING, Role.FORGET, (named,)),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="multimodal",
    needs=frozenset({Need.GENERATION}),
    tasks=frozenset({FORGET_NAMING}),
    generates=frozenset({Role.AUXILIARY}),
    heading="Forget named",
    note="share of pictures whose person is named in the answer (forget)",
    resampling=_MEAN.resampling,
)

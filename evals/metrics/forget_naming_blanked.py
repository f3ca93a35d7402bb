"""Probability of the name of somebody to be forgotten, with a grey picture: what looking adds to.

As `forget_naming`, with every picture in grey: the control. A model whose `forget_naming` is no
higher than this does not know the people by their pictures, whatever it says.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import FORGET_BLANKED
from evals.text.components import probability

_MEAN = HarmonicMean({}, (Named(FORGET_BLANKED, Role.FORGET, (probability,)),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="gold",
    suite="multimodal",
    tasks=frozenset({FORGET_BLANKED}),
    heading="Forget naming, picture blanked",
    note="probability of the right name among some, with a grey picture (forget)",
    resampling=_MEAN.resampling,
)

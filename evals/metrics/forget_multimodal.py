"""What the model still knows of the pictures of those it should forget: CLEAR's multimodal Forget.

The harmonic mean of four numbers: probability and truth ratio of the captions (task FORGET) and of
the names (`forget_naming`), where the probability is that of a choice. Lower is better down to the
gold model's value, not to 0: the truth ratios, min(R, 1/R), rise as a model becomes indifferent.
Source: the multimodal script of the code of arXiv 2410.18057, Tables 3 and 4.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import FORGET_NAMING
from evals.text.components import probability, truth_ratio

_PARTS = (probability, truth_ratio)
_MEAN = HarmonicMean({Role.FORGET: _PARTS}, (Named(FORGET_NAMING, Role.FORGET, _PARTS),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="multimodal",
    tasks=frozenset({FORGET_NAMING}),
    heading="Forget (multimodal)",
    note="harmonic mean of probability and truth ratio of captions and names (forget)",
    resampling=_MEAN.resampling,
)

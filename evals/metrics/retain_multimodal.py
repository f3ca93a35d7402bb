"""What the model still knows of the pictures of those it should keep: CLEAR's multimodal Retain.

The harmonic mean of four numbers: probability and truth ratio of the captions (task RETAIN) and of
the names (`retain_naming`), where the probability is that of a choice.
Source: the multimodal script of the code of arXiv 2410.18057, Tables 3 and 4.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import RETAIN_NAMING
from evals.text.components import probability, truth_ratio

_PARTS = (probability, truth_ratio)
_MEAN = HarmonicMean({Role.RETAIN: _PARTS}, (Named(RETAIN_NAMING, Role.RETAIN, _PARTS),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="multimodal",
    tasks=frozenset({RETAIN_NAMING}),
    chance=0.0,
    heading="Retain (multimodal)",
    note="harmonic mean of probability and truth ratio of captions and names (retain)",
    resampling=_MEAN.resampling,
)

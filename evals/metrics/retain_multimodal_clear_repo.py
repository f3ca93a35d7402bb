"""What is known of the pictures of those to be kept, as CLEAR's multimodal script computes it.

`retain_multimodal` with the wrong answers' nll averaged over all items *and* options to one number
before truth ratios are formed. To compare with numbers made by it.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import RETAIN_NAMING
from evals.text.components import pooled_truth_ratio, probability

_PARTS = (probability, pooled_truth_ratio)
_MEAN = HarmonicMean({Role.RETAIN: _PARTS}, (Named(RETAIN_NAMING, Role.RETAIN, _PARTS),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="multimodal",
    tasks=frozenset({RETAIN_NAMING}),
    chance=0.0,
    heading="Retain (multimodal, CLEAR's code)",
    note="as retain_multimodal, with wrong answers pooled over items",
)

"""What is known of the pictures of those to be forgotten, as CLEAR's multimodal script computes it.

`forget_multimodal` with the wrong answers' nll averaged over all items *and* options to one number
before truth ratios are formed. To compare with numbers made by it.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric
from evals.multimodal.task_names import FORGET_NAMING
from evals.text.components import pooled_truth_ratio, probability

_PARTS = (probability, pooled_truth_ratio)
_MEAN = HarmonicMean({Role.FORGET: _PARTS}, (Named(FORGET_NAMING, Role.FORGET, _PARTS),))

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="multimodal",
    tasks=frozenset({FORGET_NAMING}),
    heading="Forget (multimodal, CLEAR's code)",
    note="as forget_multimodal, with wrong answers pooled over items",
)

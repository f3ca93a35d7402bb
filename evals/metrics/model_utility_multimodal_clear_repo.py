"""Multimodal model utility with the truth ratios of CLEAR's multimodal script.

`model_utility_multimodal` with the wrong answers' nll of each task averaged over all items *and*
options to one number before truth ratios are formed. The script generates without the picture; here
the picture is before the model.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric, Need
from evals.multimodal.task_names import RETAIN_NAMING
from evals.text.components import pooled_truth_ratio, probability, rouge

_PARTS = (rouge, probability, pooled_truth_ratio)
_MEAN = HarmonicMean(
    {Role.REAL: _PARTS, Role.RETAIN: _PARTS}, (Named(RETAIN_NAMING, Role.RETAIN, _PARTS),)
)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="multimodal",
    needs=frozenset({Need.GENERATION, Need.REAL}),
    tasks=frozenset({RETAIN_NAMING}),
    generates=frozenset({Role.REAL, Role.RETAIN, Role.AUXILIARY}),
    chance=0.0,
    heading="Model utility (multimodal, CLEAR's code)",
    note="as model_utility_multimodal, with wrong answers pooled over items",
)

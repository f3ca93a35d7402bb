"""What is known of the real world, as the multimodal script of CLEAR's code computes it.

`real` with the wrong answers' nll of each task averaged over all items *and* options to one number
before truth ratios are formed. To compare with numbers made by it.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Metric, Need
from evals.text.components import pooled_truth_ratio, probability

METRIC = Metric(
    compute=HarmonicMean({Role.REAL: (probability, pooled_truth_ratio)}).compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.REAL}),
    chance=0.0,
    heading="Real (CLEAR's code)",
    note="as real, with wrong answers pooled over items",
)

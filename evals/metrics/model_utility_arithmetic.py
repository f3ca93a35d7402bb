"""Model utility with the truth ratio of the paper's text.

`model_utility` with the arithmetic instead of the geometric mean of the wrong answers'
probabilities, as in TOFU's text and the utilities of its code (`get_model_utility`); its published
tables use the geometric mean.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Metric, Need
from evals.text.components import arithmetic_truth_ratio, probability, rouge

_PARTS = (rouge, probability, arithmetic_truth_ratio)
_MEAN = HarmonicMean({Role.REAL: _PARTS, Role.RETAIN: _PARTS})

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.GENERATION, Need.REAL}),
    generates=frozenset({Role.REAL, Role.RETAIN}),
    chance=0.0,
    resampling=_MEAN.resampling,
)

"""Model utility from likelihoods alone, so that no generation is needed.

`model_utility` of TOFU (arXiv 2401.06121, section 2.2.1) without ROUGE: the harmonic mean of
probability and truth ratio over the REAL and RETAIN tasks (six numbers).
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Metric, Need
from evals.text.components import probability, truth_ratio

_PARTS = (probability, truth_ratio)
_MEAN = HarmonicMean({Role.REAL: _PARTS, Role.RETAIN: _PARTS})

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.REAL}),
    probe=frozenset({Role.REAL, Role.RETAIN}),
    chance=0.0,
    resampling=_MEAN.resampling,
)

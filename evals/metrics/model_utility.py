"""Model utility of TOFU: how much is left of everything but the forget set.

The harmonic mean of ROUGE-L recall, probability and truth ratio over real authors, world facts
and the retain task (nine numbers); one of them at 0 makes it 0.
Source: arXiv 2401.06121, section 2.2.1.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Metric, Need
from evals.text.components import probability, rouge, truth_ratio

_PARTS = (rouge, probability, truth_ratio)
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

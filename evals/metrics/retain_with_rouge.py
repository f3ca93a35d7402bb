"""What the model still knows of the people it should keep, ROUGE included.

The formula of the text of CLEAR (arXiv 2410.18057, section 4.2): the harmonic mean of ROUGE-L
recall, probability and truth ratio on the retain task. Its tables use `retain`.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Metric, Need
from evals.text.components import probability, rouge, truth_ratio

_MEAN = HarmonicMean({Role.RETAIN: (rouge, probability, truth_ratio)})

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.GENERATION}),
    generates=frozenset({Role.RETAIN}),
    chance=0.0,
    resampling=_MEAN.resampling,
)

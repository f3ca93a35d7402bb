"""What the model still knows of the real world, ROUGE included.

The formula of the text of CLEAR (arXiv 2410.18057, section 4.2): the harmonic mean of ROUGE-L
recall, probability and truth ratio over the tasks of role REAL. Its tables use `real`.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Metric, Need
from evals.text.components import probability, rouge, truth_ratio

_MEAN = HarmonicMean({Role.REAL: (rouge, probability, truth_ratio)})

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.GENERATION, Need.REAL}),
    generates=frozenset({Role.REAL}),
    chance=0.0,
    resampling=_MEAN.resampling,
)

"""What the model still knows of the people it should forget: "Forget Metric" of CLEAR's Table 1.

The harmonic mean of ROUGE-L recall, probability and truth ratio on the forget task. Lower is
better down to the gold model's value, not to 0; its truth ratio part, min(R, 1/R), *rises* towards
1 as the model becomes indifferent, so read the components beside it.
Source: arXiv 2410.18057, section 4.2 and Table 1.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Aspect, Metric, Need
from evals.text.components import probability, rouge, truth_ratio

_MEAN = HarmonicMean({Role.FORGET: (rouge, probability, truth_ratio)})

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="text",
    needs=frozenset({Need.GENERATION}),
    generates=frozenset({Role.FORGET}),
    heading="Forget",
    note="harmonic mean of ROUGE-L, probability and truth ratio (forget)",
    sums_up=Aspect.FORGET,
    resampling=_MEAN.resampling,
)

"""What the model still knows of the real world: "Real Metric" of CLEAR's Table 1.

The harmonic mean of probability and truth ratio over the tasks of role REAL (real authors and
world facts: four numbers). The paper's text also names ROUGE, but the published numbers come out
only without it; `real_with_rouge` is the formula of the text.
Source: arXiv 2410.18057, section 4.2 and Table 1.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Aspect, Metric, Need
from evals.text.components import probability, truth_ratio

_MEAN = HarmonicMean({Role.REAL: (probability, truth_ratio)})

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.REAL}),
    probe=frozenset({Role.REAL}),
    chance=0.0,
    heading="Real",
    note="harmonic mean of probability and truth ratio, without ROUGE (real)",
    sums_up=Aspect.REAL,
    resampling=_MEAN.resampling,
)

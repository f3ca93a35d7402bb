"""What the model still knows of the people it should keep: "Retain Metric" of CLEAR's Table 1.

The harmonic mean of probability and truth ratio on the retain task. The paper's text also names
ROUGE, but the published numbers come out only without it; `retain_with_rouge` is the formula of
the text. Source: arXiv 2410.18057, section 4.2 and Table 1.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Aspect, Metric
from evals.text.components import probability, truth_ratio

_MEAN = HarmonicMean({Role.RETAIN: (probability, truth_ratio)})

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    probe=frozenset({Role.RETAIN}),
    chance=0.0,
    heading="Retain",
    note="harmonic mean of probability and truth ratio, without ROUGE (retain)",
    sums_up=Aspect.RETAIN,
    resampling=_MEAN.resampling,
)

"""What the model still knows of the people it should forget, from likelihoods alone.

The harmonic mean of probability and truth ratio on the forget task: `forget` without ROUGE, as
the table script of CLEAR's multimodal code has it, so that no generation is needed.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean
from evals.metric import Metric
from evals.text.components import probability, truth_ratio

_MEAN = HarmonicMean({Role.FORGET: (probability, truth_ratio)})

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="text",
    resampling=_MEAN.resampling,
)

"""Multimodal model utility: how much is left of everything but those to be forgotten.

The harmonic mean of ROUGE-L recall, probability and truth ratio of the tasks of general knowledge,
of the retain task and of the names of those retained: twelve numbers with two tasks of general
knowledge, as in CLEAR (arXiv 2410.18057). Answers are generated with the picture before the model,
which the published code leaves out.
"""

from evals.benchmark import Role
from evals.means import HarmonicMean, Named
from evals.metric import Metric, Need
from evals.multimodal.task_names import RETAIN_NAMING
from evals.text.components import probability, rouge, truth_ratio

_PARTS = (rouge, probability, truth_ratio)
_MEAN = HarmonicMean(
    {Role.REAL: _PARTS, Role.RETAIN: _PARTS}, (Named(RETAIN_NAMING, Role.RETAIN, _PARTS),)
)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="multimodal",
    needs=frozenset({Need.GENERATION, Need.REAL}),
    tasks=frozenset({RETAIN_NAMING}),
    generates=frozenset({Role.REAL, Role.RETAIN, Role.AUXILIARY}),
    chance=0.0,
    heading="Model utility (multimodal)",
    note="harmonic mean of ROUGE-L, probability and truth ratio of all but forget",
    resampling=_MEAN.resampling,
)

"""Mean ROUGE-L recall (stemmed) of the generations on the forget task."""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric, Need
from evals.text.components import rouge

_MEAN = Mean(Role.FORGET, rouge)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="text",
    needs=frozenset({Need.GENERATION}),
    generates=frozenset({Role.FORGET}),
    resampling=_MEAN.resampling,
)

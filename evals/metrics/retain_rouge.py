"""Mean ROUGE-L recall (stemmed) of the generations on the retain task."""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric, Need
from evals.text.components import rouge

_MEAN = Mean(Role.RETAIN, rouge)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    needs=frozenset({Need.GENERATION}),
    generates=frozenset({Role.RETAIN}),
    resampling=_MEAN.resampling,
)

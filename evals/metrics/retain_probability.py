"""Mean probability exp(-nll per token) of the true answers on the retain task."""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric
from evals.text.components import probability

_MEAN = Mean(Role.RETAIN, probability)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    probe=frozenset({Role.RETAIN}),
    collapse_share=0.01,
    resampling=_MEAN.resampling,
)

"""Mean probability exp(-nll per token) of the true answers on the forget task."""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric
from evals.text.components import probability

_MEAN = Mean(Role.FORGET, probability)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="text",
    resampling=_MEAN.resampling,
)

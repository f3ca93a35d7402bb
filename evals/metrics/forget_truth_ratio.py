"""Mean truth ratio on the forget task.

The mean of min(R, 1/R), R the true answer's probability over the geometric mean of the wrong
ones'. It is near 1 for a model that never saw the answers: there is no better or worse here but
closeness to the gold model.
"""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric
from evals.text.components import truth_ratio

_MEAN = Mean(Role.FORGET, truth_ratio)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="gold",
    suite="text",
    chance=1.0,
    resampling=_MEAN.resampling,
)

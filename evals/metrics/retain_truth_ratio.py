"""Mean truth ratio on the retain task.

The mean of max(0, 1 - 1/R), R the true answer's probability over the geometric mean of the wrong
ones'.
"""

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric
from evals.text.components import truth_ratio

_MEAN = Mean(Role.RETAIN, truth_ratio)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="higher",
    suite="text",
    probe=frozenset({Role.RETAIN}),
    chance=0.0,
    resampling=_MEAN.resampling,
)

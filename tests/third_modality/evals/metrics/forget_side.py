"""Mean probability of the side that a point to be forgotten is on."""

import math

from evals.suites.points import TaskScores

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Aspect, Metric


def _probability(task: TaskScores) -> float:
    return sum(math.exp(-item.nll) for item in task.items) / len(task.items)


_MEAN = Mean(Role.FORGET, _probability)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="points",
    probe=frozenset({Role.FORGET}),
    chance=0.5,
    sums_up=Aspect.FORGET,
    resampling=_MEAN.resampling,
)

"""Share of the forget answers that the model holds for likely: a probability above a half.

The probability of an answer is exp(-nll per token), the geometric mean of its tokens'.
"""

import math

from evals.benchmark import Role
from evals.means import Mean
from evals.metric import Metric
from evals.text.scores import TaskScores


def known(task: TaskScores) -> float:
    """Returns the share of the task's items, between 0 and 1."""
    if not task.items:
        raise ValueError(f"the task {task.name} has no items")
    likely = [_is_known(item.answer.mean_nll) for item in task.items]
    return sum(likely) / len(likely)


def _is_known(mean_nll: float) -> float:
    return mean_nll if math.isnan(mean_nll) else float(math.exp(-mean_nll) > 0.5)


_MEAN = Mean(Role.FORGET, known)

METRIC = Metric(
    compute=_MEAN.compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="text",
    heading="Forget Known",
    resampling=_MEAN.resampling,
)

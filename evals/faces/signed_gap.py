"""How much more of one set of pictures is recognised than of another, without steps.

    guide = mean over forget of p(m) - mean over holdout of p(m)
    p(m) = 1/2 + arctan(SCALE m) / pi      m: cosine to the own person less the best other one

A picture is recognised if its margin m is above 0, so that of n pictures an accuracy takes n + 1
values. p is that step, smoothed by as much of a cosine as makes one nat in the softmax over people:
next to 0 and 1 where a margin tells, a half where two people are as near. So the guide is the
signed gap between both accuracies as far as margins are sure of it, in the same unit; and

- it grows strictly with every margin: it moves on where all pictures of one set are recognised, and
  within a step. The tails of an arctangent fall as 1/m and not as exp(-m), so that it does so by
  more than what rounding leaves;
- it is bounded, however large margins are, so that no picture outweighs the others;
- it is 0 for sets whose margins are distributed alike, as those of people nobody trained on are.

It is above 0 where the first set is recognised more often, below 0 where it is less often.
"""

import math

import numpy as np
from numpy.typing import NDArray

from evals.benchmark import Role
from evals.estimate import Estimate
from evals.faces.scores import SCALE
from evals.means import tasks_of
from evals.scores import ScoreSheet

Floats = NDArray[np.float64]


def margins(sheet: ScoreSheet, role: Role) -> Floats:
    """Returns by how much each picture of `role` is nearer to its own person than to others.

    Raises:
        ValueError: the sheet has no task of that role.
    """
    items = (item for task in tasks_of(sheet, role) for item in task.items)
    return np.array([item.cosine - item.best_other for item in items], dtype=np.float64)


def signed_gap(some: Floats, others: Floats) -> Estimate:
    """Returns the guide of two sets of margins, with its standard error over both."""
    ours, theirs = (0.5 + np.arctan(SCALE * each) / math.pi for each in (some, others))
    return Estimate(float(ours.mean() - theirs.mean()), math.hypot(_error(ours), _error(theirs)))


def _error(values: Floats) -> float:
    """Returns the standard error of a mean; NaN for that of one value."""
    num = len(values)
    return float(np.std(values, ddof=1)) / math.sqrt(num) if num > 1 else math.nan

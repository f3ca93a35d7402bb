"""Mean truth ratio on the retain task.

The mean of max(0, 1 - 1/R), R the true answer's probability over the geometric mean of the wrong
ones'.
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import of_role, truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the truth ratio of the RETAIN task."""
    return of_role(sheet, Role.RETAIN, truth_ratio)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    probe=frozenset({Role.RETAIN}),
)

"""Mean truth ratio on the forget task.

The mean of min(R, 1/R), R the true answer's probability over the geometric mean of the wrong
ones'. It is near 1 for a model that never saw the answers: there is no better or worse here but
closeness to the gold model.
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import of_role, truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the truth ratio of the FORGET task."""
    return of_role(sheet, Role.FORGET, truth_ratio)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="gold",
)

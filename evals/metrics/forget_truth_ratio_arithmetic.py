"""Mean truth ratio on the forget task, with the arithmetic mean of the wrong answers.

`forget_truth_ratio` with R the true answer's probability over the arithmetic instead of the
geometric mean of the wrong ones', as in the text of TOFU (arXiv 2401.06121, section 2.2.1) and the
utilities of its code; its published tables use the geometric mean.
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import arithmetic_truth_ratio, of_role


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the arithmetic truth ratio of the FORGET task."""
    return of_role(sheet, Role.FORGET, arithmetic_truth_ratio)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="gold",
)

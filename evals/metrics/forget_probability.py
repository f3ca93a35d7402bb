"""Mean probability exp(-nll per token) of the true answers on the forget task."""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import of_role, probability


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the probability of the FORGET task."""
    return of_role(sheet, Role.FORGET, probability)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="lower",
)

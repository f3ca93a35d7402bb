"""Mean probability of the true answers among the options, on the retain task.

p_true / (p_true + sum of p_wrong), p = exp(-nll per token): the multiple-choice form that CLEAR's
text (arXiv 2410.18057) gives for all sets, where its code has `retain_probability`.
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import choice_probability, of_role


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the multiple-choice probability of the RETAIN task."""
    return of_role(sheet, Role.RETAIN, choice_probability)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    probe=frozenset({Role.RETAIN}),
)

"""Model utility with the truth ratio of the paper's text.

`model_utility` with the arithmetic instead of the geometric mean of the wrong answers'
probabilities, as in TOFU's text and the utilities of its code (`get_model_utility`); its published
tables use the geometric mean.
"""

from evals.benchmark import Role
from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.components import arithmetic_truth_ratio, by_role, harmonic_mean, probability, rouge


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the harmonic mean of three components over the REAL and RETAIN tasks."""
    wanted = (rouge, probability, arithmetic_truth_ratio)
    real = by_role(sheet, Role.REAL, wanted)
    return harmonic_mean([*real, *by_role(sheet, Role.RETAIN, wanted)])


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    needs=frozenset({Need.GENERATION}),
    generates=frozenset({Role.REAL, Role.RETAIN}),
)

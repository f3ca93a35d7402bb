"""What the model still knows of the real world, ROUGE included.

The formula of the text of CLEAR (arXiv 2410.18057, section 4.2): the harmonic mean of ROUGE-L
recall, probability and truth ratio over the tasks of role REAL. Its tables use `real`.
"""

from evals.benchmark import Role
from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.components import by_role, harmonic_mean, probability, rouge, truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the harmonic mean of all three components over all REAL tasks."""
    return harmonic_mean(by_role(sheet, Role.REAL, (rouge, probability, truth_ratio)))


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    needs=frozenset({Need.GENERATION}),
    generates=frozenset({Role.REAL}),
)

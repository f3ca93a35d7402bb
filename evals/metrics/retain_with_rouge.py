"""What the model still knows of the people it should keep, ROUGE included.

The formula of the text of CLEAR (arXiv 2410.18057, section 4.2): the harmonic mean of ROUGE-L
recall, probability and truth ratio on the retain task. Its tables use `retain`.
"""

from evals.benchmark import Role
from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.components import by_role, harmonic_mean, probability, rouge, truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the harmonic mean of all three components on the RETAIN task."""
    return harmonic_mean(by_role(sheet, Role.RETAIN, (rouge, probability, truth_ratio)))


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    needs=frozenset({Need.GENERATION}),
    generates=frozenset({Role.RETAIN}),
)

"""Model utility of TOFU: how much is left of everything but the forget set.

The harmonic mean of ROUGE-L recall, probability and truth ratio over real authors, world facts
and the retain task (nine numbers); one of them at 0 makes it 0.
Source: arXiv 2401.06121, section 2.2.1.
"""

from evals.benchmark import Role
from evals.metric import Metric, Need
from evals.scores import ScoreSheet
from evals.text.components import by_role, harmonic_mean, probability, rouge, truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the harmonic mean of three components over the REAL and RETAIN tasks."""
    wanted = (rouge, probability, truth_ratio)
    real = by_role(sheet, Role.REAL, wanted)
    return harmonic_mean([*real, *by_role(sheet, Role.RETAIN, wanted)])


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    needs=frozenset({Need.GENERATION}),
    generates=frozenset({Role.REAL, Role.RETAIN}),
)

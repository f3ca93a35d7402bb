"""Model utility from likelihoods alone, so that no generation is needed.

`model_utility` of TOFU (arXiv 2401.06121, section 2.2.1) without ROUGE: the harmonic mean of
probability and truth ratio over the REAL and RETAIN tasks (six numbers).
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import by_role, harmonic_mean, probability, truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the harmonic mean of two components over the REAL and RETAIN tasks."""
    wanted = (probability, truth_ratio)
    real = by_role(sheet, Role.REAL, wanted)
    return harmonic_mean([*real, *by_role(sheet, Role.RETAIN, wanted)])


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    probe=frozenset({Role.REAL, Role.RETAIN}),
)

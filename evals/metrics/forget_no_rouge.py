"""What the model still knows of the people it should forget, from likelihoods alone.

The harmonic mean of probability and truth ratio on the forget task: `forget` without ROUGE, as
the table script of CLEAR's multimodal code has it, so that no generation is needed.
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import by_role, harmonic_mean, probability, truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the harmonic mean of probability and truth ratio on the FORGET task."""
    return harmonic_mean(by_role(sheet, Role.FORGET, (probability, truth_ratio)))


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="lower",
)

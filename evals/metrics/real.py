"""What the model still knows of the real world: "Real Metric" of CLEAR's Table 1.

The harmonic mean of probability and truth ratio over the tasks of role REAL (real authors and
world facts: four numbers). The paper's text also names ROUGE, but the published numbers come out
only without it; `real_with_rouge` is the formula of the text.
Source: arXiv 2410.18057, section 4.2 and Table 1.
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import by_role, harmonic_mean, probability, truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the harmonic mean of probability and truth ratio over all REAL tasks."""
    return harmonic_mean(by_role(sheet, Role.REAL, (probability, truth_ratio)))


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    probe=frozenset({Role.REAL}),
)

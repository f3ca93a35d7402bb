"""What the model still knows of the people it should keep: "Retain Metric" of CLEAR's Table 1.

The harmonic mean of probability and truth ratio on the retain task. The paper's text also names
ROUGE, but the published numbers come out only without it; `retain_with_rouge` is the formula of
the text. Source: arXiv 2410.18057, section 4.2 and Table 1.
"""

from evals.benchmark import Role
from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.components import by_role, harmonic_mean, probability, truth_ratio


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the harmonic mean of probability and truth ratio on the RETAIN task."""
    return harmonic_mean(by_role(sheet, Role.RETAIN, (probability, truth_ratio)))


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="higher",
    probe=frozenset({Role.RETAIN}),
)

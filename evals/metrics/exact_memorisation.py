"""Share of the forget answers' tokens that the model still puts first.

The mean over forget items of the share of answer tokens (end of sequence left out) whose
teacher-forced argmax equals the label. Source: Tirumala et al., arXiv 2205.10770.
"""

from collections.abc import Sequence

from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.memorisation import mean_over_forget


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the mean share of hits, between 0 and 1."""
    return mean_over_forget(sheet, _share_of_hits)


def _share_of_hits(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="text",
)

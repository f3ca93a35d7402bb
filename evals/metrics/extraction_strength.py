"""How much of a forget answer the model completes by itself, given the rest.

The mean over forget items of 1 - k/n, k the length of the shortest prefix after which every
teacher-forced argmax equals the label, n the answer's tokens, end of sequence left out. If not even
the last token is hit, k = n and the strength is 0; `extraction_strength_open_unlearning` differs.
Source: Carlini et al., arXiv 2012.07805; Wang et al., arXiv 2406.09179.
"""

from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.memorisation import completed_share, mean_over_forget


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the mean share of the answer that needs no prompting, between 0 and 1."""
    return mean_over_forget(sheet, completed_share)


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="text",
)

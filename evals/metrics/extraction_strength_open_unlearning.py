"""How much of a forget answer the model completes by itself, as open-unlearning's code counts it.

`extraction_strength`, except that the search for the shortest prefix stops one token before the
end: an answer of n tokens whose last token is missed gets 1/n, the same as if only that one were
hit, and never 0.
"""

from collections.abc import Sequence

from evals.metric import Metric
from evals.scores import ScoreSheet
from evals.text.memorisation import completed_share, mean_over_forget


def compute(sheet: ScoreSheet, _gold: ScoreSheet | None) -> float:
    """Returns the mean share of the answer that needs no prompting, above 0 and at most 1."""
    return mean_over_forget(sheet, _strength)


def _strength(hits: Sequence[bool]) -> float:
    return max(completed_share(hits), 1 / len(hits))


METRIC = Metric(
    compute=compute,
    bounds=(0.0, 1.0),
    better="lower",
    suite="text",
)

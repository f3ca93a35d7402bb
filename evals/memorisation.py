"""What the model still says word by word when it is fed the true answers of the forget set."""

from collections.abc import Callable, Sequence

import numpy as np

from evals.benchmark import Role
from evals.components import items_of
from evals.scores import ItemScore, ScoreSheet


def mean_over_forget(sheet: ScoreSheet, score: Callable[[Sequence[bool]], float]) -> float:
    """Returns the mean of `score` over the forget items' token hits, end of sequence left out.

    A hit is a teacher-forced argmax that equals the label. Where an item's log-probabilities
    hold a NaN its argmax means nothing and the result is NaN.
    """
    return float(np.mean([_score(item, score) for item in items_of(sheet, Role.FORGET)]))


def words(item: ItemScore) -> slice:
    """Returns where the answer's own tokens lie: all but the last, the end of the sequence.

    Raises:
        ValueError: the answer has no tokens of its own.
    """
    if len(item.token_logprobs) < 2:
        raise ValueError(f"item {item.id} has no answer tokens besides the end of the sequence")
    return slice(0, -1)


def _score(item: ItemScore, score: Callable[[Sequence[bool]], float]) -> float:
    span = words(item)
    if np.isnan(item.token_logprobs).any():
        return float("nan")
    return score(item.token_hits[span])

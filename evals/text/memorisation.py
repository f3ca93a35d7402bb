"""What the model still says word by word when it is fed the true answers of the forget set."""

from collections.abc import Callable, Sequence

import numpy as np

from evals.benchmark import Role
from evals.scores import ScoreSheet
from evals.text.components import items_of
from evals.text.scores import ItemScore


def mean_over_forget(sheet: ScoreSheet, score: Callable[[Sequence[bool]], float]) -> float:
    """Returns the mean of `score` over the forget items' token hits, closing token left out.

    A hit is a teacher-forced argmax that equals the label. Where an item's log-probabilities
    hold a NaN its argmax means nothing and the result is NaN.
    """
    return float(np.mean([_score(item, score) for item in items_of(sheet, Role.FORGET)]))


def words(item: ItemScore) -> slice:
    """Returns where the answer's own tokens lie: all but the one that closes it.

    An answer that was cut has no closing token: all of its tokens are its own.

    Raises:
        ValueError: the answer has no tokens of its own.
    """
    num_words = len(item.token_logprobs) - (1 if item.answer.ended else 0)
    if num_words < 1:
        raise ValueError(f"item {item.id} has no answer tokens besides the end of the sequence")
    return slice(0, num_words)


def completed_share(hits: Sequence[bool]) -> float:
    """Returns 1 - k/n, k the length of the shortest prefix after which all of n tokens are hit."""
    last_miss = max((place for place, hit in enumerate(hits) if not hit), default=-1)
    return 1 - (last_miss + 1) / len(hits)


def _score(item: ItemScore, score: Callable[[Sequence[bool]], float]) -> float:
    span = words(item)
    if np.isnan(item.token_logprobs).any():
        return float("nan")
    return score(item.token_hits[span])

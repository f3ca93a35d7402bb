"""Whether an answer that a model has written names somebody."""

import math

from evals.text.rouge import split
from evals.text.scores import ItemScore, TaskScores


def named(task: TaskScores) -> float:
    """Returns the share of items whose true answer, a name, stands whole in the generated one.

    Case and all but letters and digits do not count. NaN if a true answer's likelihood is NaN, as
    what such a model writes means nothing.

    Raises:
        ValueError: there is no item, or one was scored without a generation.
    """
    if not task.items:
        raise ValueError(f"task {task.name} has no items")
    return sum(map(_is_named, task.items)) / len(task.items)


def _is_named(item: ItemScore) -> float:
    if item.generation is None:
        raise ValueError(f"item {item.id} was scored without a generation")
    if math.isnan(item.answer.nll):
        return math.nan
    return float(f" {_words(item.truth)} " in f" {_words(item.generation)} ")


def _words(text: str) -> str:
    return " ".join(split(text))

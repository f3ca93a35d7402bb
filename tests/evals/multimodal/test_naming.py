"""Whether an answer names somebody."""

import math
from dataclasses import replace

import pytest

from evals.benchmark import Role
from evals.multimodal.naming import named
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores

ANNA = ItemScore("a", "Anna Berg", AnswerScore(1.0, 2), None, (), (), ())


def of(*items: ItemScore) -> TaskScores:
    return TaskScores("forget_naming", Role.AUXILIARY, Probability.CHOICE, items)


@pytest.mark.parametrize(
    ("says", "value"),
    [
        ("Anna Berg", 1.0),
        ("It is ANNA BERG!", 1.0),
        ("Anna, Berg's friend", 1.0),
        ("Anna", 0.0),
        ("Anna Berger", 0.0),
        ("Johanna Berg", 0.0),
        ("Berg Anna", 0.0),
        ("", 0.0),
    ],
)
def test_the_whole_name_counts_wherever_it_stands(says: str, value: float) -> None:
    assert named(of(replace(ANNA, generation=says))) == value


def test_it_is_a_share() -> None:
    said = [replace(ANNA, id=f"{k}", generation=text) for k, text in enumerate(["Anna Berg", "?"])]
    assert named(of(*said)) == 0.5


def test_words_of_a_model_without_likelihoods_mean_nothing() -> None:
    broken = replace(ANNA, answer=AnswerScore(math.nan, 2), generation="Anna Berg")
    assert math.isnan(named(of(broken)))


def test_what_was_not_generated_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="a was scored without a generation"):
        named(of(ANNA))
    with pytest.raises(ValueError, match="no items"):
        named(of())

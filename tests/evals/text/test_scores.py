"""A score sheet knows which of its items were cut."""

from dataclasses import replace

import pytest

from evals.benchmark import Role
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores, num_truncated

WHOLE, CUT = AnswerScore(1.0, 2), AnswerScore(1.0, 2, ended=False)
ITEM = ItemScore("0", "Rome", WHOLE, None, (WHOLE, WHOLE), (-0.5, -0.5), (True, True))


@pytest.mark.parametrize(
    ("item", "truncated"),
    [
        (ITEM, False),
        (replace(ITEM, paraphrase=WHOLE), False),
        (replace(ITEM, answer=CUT), True),
        (replace(ITEM, paraphrase=CUT), True),
        (replace(ITEM, perturbed=(WHOLE, CUT)), True),
    ],
)
def test_an_item_is_truncated_if_one_of_its_answers_is(item: ItemScore, truncated: bool) -> None:
    assert item.truncated == truncated


def test_a_sheet_counts_truncated_items_of_all_tasks_and_each_once() -> None:
    twice = replace(ITEM, answer=CUT, paraphrase=CUT)
    tasks = [(Role.FORGET, (twice, ITEM)), (Role.RETAIN, (ITEM, replace(ITEM, paraphrase=CUT)))]
    sheet = ScoreSheet(tuple(TaskScores(r, r, Probability.PLAIN, items) for r, items in tasks))
    assert num_truncated(sheet) == 2
    assert num_truncated(ScoreSheet(())) == 0

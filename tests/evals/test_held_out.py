"""What is held out is a fixed share of every task, and never what the search sees."""

import pytest

from evals.benchmark import Role
from evals.held_out import held_out_part, num_searched, searched_part, searched_tasks
from evals.scores import ScoreSheet
from evals.text.example import Example, Probability, Task
from evals.text.scores import AnswerScore, ItemScore, TaskScores

SCORE = AnswerScore(1.0, 2)


def task(name: str, num_items: int) -> TaskScores:
    ids = sorted(f"{name}{i}" for i in range(num_items))
    items = tuple(ItemScore(each, "t", SCORE, None, (), (), ()) for each in ids)
    return TaskScores(name, Role.RETAIN, Probability.PLAIN, items)


def ids(sheet: ScoreSheet) -> list[set[str]]:
    return [{item.id for item in task.items} for task in sheet.tasks]


def test_both_parts_together_are_every_task_and_share_no_item() -> None:
    sheet = ScoreSheet((task("a", 20), task("b", 7)))
    seen, held = ids(searched_part(sheet, 0.25)), ids(held_out_part(sheet, 0.25))
    assert [len(each) for each in seen] == [15, 5]
    assert [a | b for a, b in zip(seen, held, strict=True)] == ids(sheet)
    assert not any(a & b for a, b in zip(seen, held, strict=True))


def test_items_keep_their_order() -> None:
    (part,) = searched_part(ScoreSheet((task("a", 30),)), 0.5).tasks
    names = [item.id for item in part.items]
    assert names == sorted(names)


def test_where_nothing_is_held_out_both_parts_are_the_whole() -> None:
    sheet = ScoreSheet((task("a", 5),))
    assert searched_part(sheet, 0.0) == sheet == held_out_part(sheet, 0.0)


@pytest.mark.parametrize(("num_items", "left"), [(0, 0), (1, 1), (2, 1), (3, 1), (4, 2)])
def test_the_search_sees_at_least_one_item_of_a_task(num_items: int, left: int) -> None:
    assert num_searched(num_items, 0.5) == left
    assert num_searched(num_items, 0.99) == min(1, num_items)


def test_tasks_are_parted_as_their_scores_are() -> None:
    examples = tuple(Example(f"a{i}", "q", "t") for i in range(9))
    (kept,) = searched_tasks([Task("a", Role.RETAIN, Probability.PLAIN, examples)], 0.4)
    scored = searched_part(ScoreSheet((task("a", 9),)), 0.4)
    assert {example.id for example in kept.examples} == ids(scored)[0]

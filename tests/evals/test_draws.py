"""Items are drawn with replacement, the same ones for every model."""

import numpy as np

from evals.benchmark import Role
from evals.draws import Draws, drawn, ordered, repeated, same_items
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores


def sheet(*, num_items: int = 40, nll: float = 1.0) -> ScoreSheet:
    def item(name: str) -> ItemScore:
        return ItemScore(name, "x", AnswerScore(nll, 1), None, (), (-nll,), (True,))

    def task(role: Role, size: int) -> TaskScores:
        items = tuple(item(f"{role}-{i:02}") for i in range(size))
        return TaskScores(role.value, role, Probability.PLAIN, items)

    return ScoreSheet((task(Role.RETAIN, num_items), task(Role.FORGET, 30), task(Role.HOLDOUT, 0)))


def ids(scores: ScoreSheet, task: int) -> list[str]:
    return [item.id for item in scores.tasks[task].items]


def test_the_seed_alone_decides_the_draws_and_each_has_as_many_items_as_there_are() -> None:
    first, again, other = (drawn(sheet(nll=m), seed=s) for m, s in ((1, 5), (2, 5), (1, 6)))
    assert first.num_draws == 1000
    assert set(first.counts) == {"forget", "retain"}, "a task without items has none to draw"
    for name, counts in first.counts.items():
        assert (counts.sum(axis=1) == {"retain": 40, "forget": 30}[name]).all()
        assert (counts == again.counts[name]).all()
        assert (counts != other.counts[name]).any()


def test_the_order_of_tasks_does_not_decide_the_draws() -> None:
    turned = ScoreSheet(sheet().tasks[::-1])
    first, again = drawn(sheet(), seed=5, num_draws=3), drawn(turned, seed=5, num_draws=3)
    assert all((first.counts[name] == again.counts[name]).all() for name in first.counts)


def test_the_first_draws_are_those_of_all() -> None:
    draws = drawn(sheet(), seed=1, num_draws=9)
    few = draws.first(4)
    assert few.num_draws == 4
    assert (few.counts["retain"] == draws.counts["retain"][:4]).all()


def test_a_repeated_sheet_holds_each_item_as_often_as_the_draw_has_it() -> None:
    small = sheet(num_items=3)
    counts = {"retain": np.array([[1, 1, 1], [2, 0, 1]]), "forget": np.ones((2, 30), dtype=int)}
    made = repeated(small, Draws(counts), 1)
    assert ids(made, 0) == ["retain-00", "retain-00", "retain-02"]
    assert ids(made, 1) == ids(small, 1)
    assert ids(made, 2) == []


def test_an_ordered_sheet_has_its_items_by_id() -> None:
    small = sheet(num_items=3)
    turned = ScoreSheet(
        tuple(
            TaskScores(task.name, task.role, task.probability, task.items[::-1])
            for task in small.tasks
        )
    )
    assert turned != small
    assert ordered(turned) == small


def test_sheets_have_the_same_items_or_not() -> None:
    assert same_items([sheet(), sheet(nll=2.0)])
    assert not same_items([sheet(), sheet(num_items=39)])

"""Metrics that are means: of a sheet, and of many draws of its items."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from evals.benchmark import Role
from evals.draws import Draws
from evals.means import HarmonicMean, Mean, Named, harmonic_mean
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores

NAN = math.nan


def nll(task: TaskScores) -> float:
    return float(np.mean([item.answer.nll for item in task.items]))


def tokens(task: TaskScores) -> float:
    return float(np.mean([item.answer.num_tokens for item in task.items]))


def sheet(tasks: Mapping[str, tuple[Role, Sequence[float]]]) -> ScoreSheet:
    def task(name: str, role: Role, values: Sequence[float]) -> TaskScores:
        items = tuple(
            ItemScore(f"{i}", "x", AnswerScore(value, 2), None, (), (0.0,), (True,))
            for i, value in enumerate(values)
        )
        return TaskScores(name, role, Probability.PLAIN, items)

    return ScoreSheet(tuple(task(name, *given) for name, given in tasks.items()))


REAL = sheet(
    {
        "first": (Role.REAL, (1.0, 3.0)),
        "second": (Role.REAL, (4.0,)),
        "retain": (Role.RETAIN, (8.0,)),
    }
)


def test_the_harmonic_mean_lets_zero_and_nan_win() -> None:
    assert harmonic_mean([1.0, 1 / 3]) == pytest.approx(1 / 2)
    assert harmonic_mean([1.0, 0.0]) == 0.0
    assert math.isnan(harmonic_mean([0.0, NAN]))
    with pytest.raises(ValueError, match="undefined"):
        harmonic_mean([])


def test_every_component_of_every_task_of_a_role_is_in_the_harmonic_mean() -> None:
    # tasks "first" and "second" have 2 and 4, each beside 2 tokens: 4 / (1/2 + 1/2 + 1/4 + 1/2)
    assert HarmonicMean({Role.REAL: (nll, tokens)}).compute(REAL, None) == pytest.approx(16 / 7)
    both = HarmonicMean({Role.REAL: (nll,), Role.RETAIN: (nll,)})
    assert both.compute(REAL, None) == pytest.approx(3 / (1 / 2 + 1 / 4 + 1 / 8))


def test_a_mean_is_of_one_task() -> None:
    assert Mean(Role.RETAIN, nll).compute(REAL, None) == 8.0
    with pytest.raises(ValueError, match="one task of role real but has 2"):
        Mean(Role.REAL, nll).compute(REAL, None)
    with pytest.raises(ValueError, match="no task of role forget"):
        Mean(Role.FORGET, nll).compute(REAL, None)


def test_draws_weigh_each_item_by_how_often_it_is_drawn() -> None:
    draws = Draws(
        {
            "first": np.array([[1, 1], [2, 0], [0, 2]]),
            "second": np.ones((3, 1), dtype=int),
            "retain": np.ones((3, 1), dtype=int),
        }
    )
    mean = HarmonicMean({Role.REAL: (nll,)})
    assert mean.resampling.roles == {Role.REAL}
    # the first task's mean is 2, 1 and 3, the second's 4
    expected = [2 / (1 / 2 + 1 / 4), 2 / (1 + 1 / 4), 2 / (1 / 3 + 1 / 4)]
    assert mean.resampling.values(REAL, None, draws) == pytest.approx(expected)
    one = Mean(Role.RETAIN, nll).resampling
    assert one.roles == {Role.RETAIN}
    assert one.values(REAL, None, draws) == pytest.approx([8.0] * 3)


def test_a_draw_of_nothing_but_zeros_gives_zero() -> None:
    mixed = sheet({"retain": (Role.RETAIN, (0.0, 1.0)), "real": (Role.REAL, (1.0,))})
    draws = Draws({"retain": np.array([[2, 0], [0, 2]]), "real": np.ones((2, 1), dtype=int)})
    mean = HarmonicMean({Role.RETAIN: (nll,), Role.REAL: (nll,)})
    assert list(mean.resampling.values(mixed, None, draws)) == [0.0, 1.0]


def test_a_named_task_is_measured_as_one_of_its_role_would_be() -> None:
    def seen(task: TaskScores) -> float:
        return nll(task) if task.role is Role.FORGET else 100.0

    found = sheet({"aside": (Role.AUXILIARY, [1.0, 3.0]), "retain": (Role.RETAIN, [2.0, 2.0])})
    mean = HarmonicMean({Role.RETAIN: (nll,)}, (Named("aside", Role.FORGET, (seen,)),))
    assert mean.compute(found, None) == pytest.approx(2.0)
    counts = np.array([[2, 0], [1, 1]])
    values = mean.resampling.values(found, None, Draws({"aside": counts, "retain": counts}))
    assert values == pytest.approx([2 / (1 + 1 / 2), 2.0])
    with pytest.raises(ValueError, match="no task aside"):
        mean.compute(ScoreSheet(found.tasks[1:]), None)

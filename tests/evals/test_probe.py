"""A probe estimates a metric from a few items, and says how far off it may be."""

import math
from dataclasses import replace

import numpy as np
import pytest

from evals import plugins
from evals.benchmark import Role
from evals.metric import PACKAGE, load_metric
from evals.probe import Estimate, estimate, probe_tasks
from evals.scores import ScoreSheet
from evals.text.example import Example, Probability, Task
from evals.text.scores import AnswerScore, ItemScore, TaskScores

PROBABILITY, RETAIN = load_metric("retain_probability"), load_metric("retain")
PROBED = [
    name
    for name in plugins.names(PACKAGE)
    if load_metric(name).probe and load_metric(name).suite == "text"
]


def task(num: int, *, role: Role = Role.RETAIN, name: str = "retain") -> Task:
    examples = tuple(Example(f"{name}-{i}", "Who?", "Me.") for i in range(num))
    return Task(name, role, Probability.PLAIN, examples)


def sheet(probabilities: np.ndarray, *, role: Role = Role.RETAIN, name: str = "retain"):
    items = tuple(item(f"{name}-{i}", p) for i, p in enumerate(probabilities))
    return ScoreSheet((TaskScores(name, role, Probability.PLAIN, items),))


def item(name: str, probability: float) -> ItemScore:
    nll = -math.log(probability)
    wrong = (AnswerScore(4.0, 1), AnswerScore(5.0, 1))
    return ItemScore(name, "Me.", AnswerScore(nll, 1), AnswerScore(nll, 1), wrong, (-nll,), (True,))


def few_of(many: ScoreSheet, num: int) -> ScoreSheet:
    return ScoreSheet(tuple(replace(each, items=each.items[:num]) for each in many.tasks))


def test_the_items_of_a_probe_follow_from_their_ids_alone() -> None:
    (chosen,) = probe_tasks([task(50)], frozenset({Role.RETAIN}), num_items=8)
    backwards = replace(task(50), examples=task(50).examples[::-1])
    assert probe_tasks([backwards], frozenset({Role.RETAIN}), num_items=8) == (chosen,)
    assert len(chosen.examples) == 8
    assert chosen.examples != task(50).examples[:8]
    (more,) = probe_tasks([task(50)], frozenset({Role.RETAIN}), num_items=12)
    assert set(chosen.examples) < set(more.examples)


def test_only_tasks_of_the_roles_are_probed_and_small_ones_are_taken_whole() -> None:
    tasks = [task(3), task(9, role=Role.REAL, name="real"), task(9, role=Role.FORGET, name="f")]
    chosen = probe_tasks(tasks, frozenset({Role.RETAIN, Role.REAL}), num_items=4)
    assert [(t.name, len(t.examples)) for t in chosen] == [("retain", 3), ("real", 4)]


def test_all_items_give_the_metric_itself_without_an_error() -> None:
    before, now = sheet(np.linspace(0.8, 0.9, 10)), sheet(np.linspace(0.1, 0.7, 10))
    whole = RETAIN.compute(before, None)
    found = estimate(RETAIN, now, before, whole=whole, sizes={"retain": 10})
    assert found == Estimate(pytest.approx(RETAIN.compute(now, None)), 0.0)


def test_the_error_of_a_mean_is_the_textbook_one_for_a_finite_population() -> None:
    # Before, all items were alike, so that level and difference are equally sure:
    # s / sqrt(n) x sqrt(1 - n / N), with n = 4 of N = 16.
    now = np.array([0.1, 0.2, 0.4, 0.5])
    before = sheet(np.full(4, 0.9))
    found = estimate(PROBABILITY, sheet(now), before, whole=0.9, sizes={"retain": 16})
    assert found.value == pytest.approx(0.3)
    assert found.error == pytest.approx(now.std(ddof=1) / 2 * math.sqrt(0.75))


def test_a_model_that_hardly_changed_is_known_by_the_difference() -> None:
    before = np.array([0.2, 0.9, 0.5, 0.7])  # half the items are easier than all of them are
    found = estimate(
        PROBABILITY, sheet(before - 0.01), sheet(before), whole=0.4, sizes={"retain": 100}
    )
    assert found.value == pytest.approx(0.39)
    assert found.error == pytest.approx(0.0, abs=1e-9)


def test_a_model_that_was_destroyed_is_known_by_its_level() -> None:
    before = np.array([0.2, 0.9, 0.5, 0.7])
    found = estimate(
        PROBABILITY, sheet(np.full(4, 1e-6)), sheet(before), whole=0.4, sizes={"retain": 100}
    )
    assert found.value == pytest.approx(1e-6)
    assert found.error == pytest.approx(0.0, abs=1e-9)


@pytest.mark.slow
def test_the_true_value_lies_within_the_error_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(300):
        before = rng.beta(8, 2, 200)
        now = np.clip(before * rng.beta(4, 2, 200), 1e-6, 1)
        whole, truth = (RETAIN.compute(sheet(x), None) for x in (before, now))
        found = estimate(
            RETAIN, sheet(now[:32]), sheet(before[:32]), whole=whole, sizes={"retain": 200}
        )
        inside += abs(found.value - truth) <= 1.96 * found.error
    assert 0.9 <= inside / 300 <= 0.99


def test_one_item_of_many_says_nothing_for_sure() -> None:
    found = estimate(
        PROBABILITY, sheet(np.array([0.5])), sheet(np.array([0.9])), whole=0.8, sizes={"retain": 9}
    )
    assert found.error == math.inf


def test_scores_that_are_no_numbers_give_no_number() -> None:
    broken = sheet(np.array([0.5, math.nan]))
    found = estimate(
        PROBABILITY, broken, sheet(np.array([0.9, 0.9])), whole=0.9, sizes={"retain": 2}
    )
    assert math.isnan(found.value)


@pytest.mark.parametrize("name", PROBED)
def test_what_a_metric_declares_for_probes_is_all_it_reads(name: str) -> None:
    metric = load_metric(name)
    rng = np.random.default_rng(1)
    every = [
        replace(
            sheet(rng.uniform(0.2, 0.9, 4), role=role, name=role.value).tasks[0],
            probability=Probability.CHOICE if role is Role.REAL else Probability.PLAIN,
        )
        for role in Role
    ]
    declared = ScoreSheet(tuple(t for t in every if t.role in metric.probe))
    assert metric.compute(declared, None) == metric.compute(ScoreSheet(tuple(every)), None)

"""Every metric keeps the promises of `evals.metric`, whoever wrote it."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from evals import plugins
from evals.benchmark import Role
from evals.draws import Draws, drawn, ordered, repeated
from evals.metric import PACKAGE, Metric, Need, collapse_metrics, load_metric
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores

NAMES = plugins.names(PACKAGE)
NUM_ITEMS = 12
FAR = 1e4  # nats per token: a probability of 0 in any float
NAN = float("nan")
REACHED = {"extraction_strength_open_unlearning": 1 / 4}
"""Lowest values that the items here reach where a bound is only neared: 1/n with n = 4 words."""
TASKS = (
    ("forget", Role.FORGET, Probability.PLAIN),
    ("retain", Role.RETAIN, Probability.PLAIN),
    ("real_authors", Role.REAL, Probability.CHOICE),
    ("world_facts", Role.REAL, Probability.CHOICE),
    ("holdout", Role.HOLDOUT, Probability.PLAIN),
)

Say = Callable[[str, int], ItemScore]


def _item(id: str, *, right: float, wrong: float) -> ItemScore:
    """An item of the truth "alpha beta gamma delta"; what is likelier than `wrong` gets said."""
    known = right <= wrong
    return ItemScore(
        id=id,
        truth="alpha beta gamma delta",
        answer=AnswerScore(5 * right, 5),
        paraphrase=None,
        perturbed=(AnswerScore(4 * wrong, 4), AnswerScore(6 * wrong, 6)),
        token_logprobs=(-right,) * 5,
        token_hits=(known,) * 5,
        generation="alpha beta gamma delta" if known else "",
    )


def knows(task: str, number: int) -> ItemScore:
    return _item(f"{task}{number}", right=0, wrong=FAR)


def lost(task: str, number: int) -> ItemScore:
    return _item(f"{task}{number}", right=FAR, wrong=0)


def believes_all(task: str, number: int) -> ItemScore:
    return _item(f"{task}{number}", right=0, wrong=0)


def knows_first(task: str, number: int) -> ItemScore:
    return knows(task, number) if number == 0 else believes_all(task, number)


def knows_last(task: str, number: int) -> ItemScore:
    return knows(task, number) if number == NUM_ITEMS - 1 else believes_all(task, number)


def wavers(task: str, number: int) -> ItemScore:
    chance = random.Random(f"{task}{number}")
    made = _item(f"{task}{number}", right=chance.uniform(0, 2), wrong=chance.uniform(0, 2))
    return replace(
        made,
        token_hits=tuple(chance.random() < 0.5 for _ in range(5)),
        token_logprobs=tuple(-chance.uniform(0, 2) for _ in range(5)),
        generation=chance.choice(["alpha", "beta delta", "gamma nothing"]),
    )


def _sheet(forget: Say, others: Say, num_items: int = NUM_ITEMS) -> ScoreSheet:
    return ScoreSheet(
        tuple(
            TaskScores(
                name,
                role,
                kind,
                tuple((forget if name == "forget" else others)(name, i) for i in range(num_items)),
            )
            for name, role, kind in TASKS
        )
    )


def _without_generations(sheet: ScoreSheet, roles: frozenset[Role]) -> ScoreSheet:
    return _mapped(sheet, lambda task, item: replace(item, generation=None), roles)


def _mapped(
    sheet: ScoreSheet,
    change: Callable[[TaskScores, ItemScore], ItemScore],
    roles: frozenset[Role] = frozenset(Role),
) -> ScoreSheet:
    return ScoreSheet(
        tuple(
            replace(task, items=tuple(change(task, item) for item in task.items))
            if task.role in roles
            else task
            for task in sheet.tasks
        )
    )


def _one_nan_each(sheet: ScoreSheet) -> ScoreSheet:
    def spoil(task: TaskScores, item: ItemScore) -> ItemScore:
        if item != task.items[3]:
            return item
        return replace(
            item,
            answer=AnswerScore(NAN, 5),
            perturbed=(AnswerScore(NAN, 4),),
            token_logprobs=(NAN,) * 5,
        )

    return _mapped(sheet, spoil)


def _extremes(metric: Metric) -> Iterator[float]:
    scorers = (knows, lost, believes_all, knows_first, knows_last)
    golds = scorers if Need.GOLD in metric.needs else (knows,)
    for forget, others, gold in product(scorers, (knows, lost), golds):
        yield metric.compute(_sheet(forget, others), _sheet(gold, knows))


def test_there_are_metrics_to_hold_to_their_promises() -> None:
    assert {"real", "retain", "forget", "log_forget_quality"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_worst_and_a_best_scorer_hit_the_bounds_and_nobody_leaves_them(name: str) -> None:
    metric = load_metric(name)
    low, high = metric.bounds
    values = list(_extremes(metric))
    assert all(low <= value <= high for value in values)
    assert max(values) == pytest.approx(high, abs=1e-12)
    if math.isfinite(low):
        # Samples of 12 cannot be told apart with a p below 2 / C(24, 12) = 7.4e-7.
        assert min(values) == pytest.approx(REACHED.get(name, low), abs=1e-6)
        return
    worst = [
        metric.compute(_sheet(knows, knows, size), _sheet(lost, knows, size)) for size in (12, 200)
    ]
    assert min(values) == pytest.approx(worst[0])
    assert worst[1] < 5 * worst[0] < 0


@pytest.mark.parametrize("name", NAMES)
def test_the_better_side_is_the_one_that_is_declared(name: str) -> None:
    metric = load_metric(name)
    ideal = _sheet(lost, knows)
    value = metric.compute(ideal, ideal)
    if metric.better == "higher":
        assert value == pytest.approx(metric.bounds[1])
    elif metric.better == "lower":
        assert value == pytest.approx(REACHED.get(name, metric.bounds[0]))
    else:
        assert metric.better == "gold"


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_set_is_refused(name: str) -> None:
    metric = load_metric(name)
    for empty in (_sheet(knows, knows, num_items=0), ScoreSheet(())):
        with pytest.raises(ValueError, match=r"no items|no task"):
            metric.compute(empty, empty)


@pytest.mark.parametrize("name", NAMES)
def test_one_nan_among_the_scores_gives_nan(name: str) -> None:
    metric = load_metric(name)
    sheet = _sheet(wavers, wavers)
    assert not math.isnan(metric.compute(sheet, sheet))
    assert math.isnan(metric.compute(_one_nan_each(sheet), sheet))
    if Need.GOLD in metric.needs:
        assert math.isnan(metric.compute(sheet, _one_nan_each(sheet)))


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_items_and_tasks_does_not_matter(name: str) -> None:
    metric = load_metric(name)
    sheet, gold = _sheet(wavers, wavers), _sheet(knows_first, wavers)
    chance = random.Random(7)
    shuffled = ScoreSheet(
        tuple(
            replace(task, items=tuple(chance.sample(task.items, len(task.items))))
            for task in reversed(sheet.tasks)
        )
    )
    assert shuffled.tasks[0].items != sheet.tasks[-1].items
    assert metric.compute(shuffled, gold) == pytest.approx(metric.compute(sheet, gold), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_gold_is_needed_exactly_where_declared(name: str) -> None:
    metric = load_metric(name)
    sheet = _sheet(wavers, wavers)
    if Need.GOLD in metric.needs:
        with pytest.raises(ValueError, match="gold"):
            metric.compute(sheet, None)
    else:
        assert metric.compute(sheet, None) == metric.compute(sheet, _sheet(knows, knows))


@pytest.mark.parametrize("name", NAMES)
def test_generations_are_needed_exactly_where_declared(name: str) -> None:
    metric = load_metric(name)
    sheet = _sheet(wavers, wavers)
    idle = frozenset(Role) - metric.generation_roles
    assert metric.compute(_without_generations(sheet, idle), sheet) == metric.compute(sheet, sheet)
    for role in metric.generation_roles:
        with pytest.raises(ValueError, match="without a generation"):
            metric.compute(_without_generations(sheet, frozenset({role})), sheet)


@pytest.mark.parametrize("name", NAMES)
def test_the_holdout_task_is_needed_exactly_where_declared(name: str) -> None:
    metric = load_metric(name)
    sheet = _sheet(wavers, wavers)
    bare = ScoreSheet(tuple(task for task in sheet.tasks if task.role is not Role.HOLDOUT))
    if Need.HOLDOUT in metric.needs:
        with pytest.raises(ValueError, match="holdout"):
            metric.compute(bare, sheet)
    else:
        assert metric.compute(bare, sheet) == metric.compute(sheet, sheet)


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_says_what_it_is_in_a_few_words(name: str) -> None:
    metric = load_metric(name)
    for text in (metric.heading, metric.short, metric.note):
        assert text == text.strip()
        assert text
        assert "\n" not in text
    assert not metric.note.endswith("."), "more may be said behind it"


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_reads_the_scores_of_a_suite_that_there_is(name: str) -> None:
    assert load_metric(name).suite in plugins.names("evals.suites")


def test_no_two_metrics_have_the_same_heading() -> None:
    for texts in zip(*((m.heading, m.short) for m in map(load_metric, NAMES)), strict=True):
        assert len(set(texts)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_finds_all_answers_equally_likely_is_at_the_level_of_chance(name: str) -> None:
    metric = load_metric(name)
    if metric.chance is None:
        return
    low, high = metric.bounds
    assert low <= metric.chance <= high

    def guesses(task: str, number: int) -> ItemScore:
        return _item(f"{task}{number}", right=1, wrong=1)

    sheet = _sheet(guesses, guesses)
    assert metric.compute(sheet, sheet) == pytest.approx(metric.chance, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_draws_of_items_are_worth_what_the_sheets_that_hold_them_are(name: str) -> None:
    metric = load_metric(name)
    if metric.resampling is None:
        return
    sheet, gold = ordered(_sheet(wavers, wavers)), ordered(_sheet(knows_first, wavers))
    once = Draws({task.name: np.ones((1, NUM_ITEMS), dtype=int) for task in sheet.tasks})
    draws = drawn(sheet, seed=3, num_draws=8)
    for each in (once, draws):
        expected = [
            metric.compute(repeated(sheet, each, i), repeated(gold, each, i))
            for i in range(each.num_draws)
        ]
        found = metric.resampling.values(sheet, gold, each)
        assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_roles_that_are_named_decide_a_draw(name: str) -> None:
    metric = load_metric(name)
    if metric.resampling is None:
        return
    sheet = ordered(_sheet(wavers, wavers))
    draws = drawn(sheet, seed=3, num_draws=2)
    named = ScoreSheet(tuple(t for t in sheet.tasks if t.role in metric.resampling.roles))
    found = metric.resampling.values(named, named, draws)
    assert (found == metric.resampling.values(sheet, sheet, draws)).all()
    for role in metric.resampling.roles:
        less = ScoreSheet(tuple(task for task in named.tasks if task.role is not role))
        with pytest.raises(ValueError, match="role"):
            metric.compute(less, less)


def test_what_tells_of_a_destroyed_model_is_read_off_a_few_likelihoods() -> None:
    assert collapse_metrics("text") == ("retain_probability",)
    assert collapse_metrics("no such suite") == ()
    for metric in map(load_metric, collapse_metrics("text")):
        assert metric.collapse_share is not None
        assert 0 < metric.collapse_share < 1
        assert metric.bounds[0] == 0
        assert metric.better == "higher"
        assert metric.probe
        assert not metric.needs


@pytest.mark.parametrize("name", NAMES)
def test_a_quantile_of_gold_models_is_a_value_of_the_metric(name: str) -> None:
    metric = load_metric(name)
    if metric.gold_quantile is None:
        return
    assert Need.GOLD in metric.needs
    assert metric.bounds[0] < metric.gold_quantile < metric.bounds[1]

"""Every metric keeps the promises of `evals.metric`, whoever wrote it."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Protocol

import numpy as np
import pytest

from evals import plugins
from evals.benchmark import Role
from evals.draws import Draws, drawn, ordered, repeated
from evals.faces.scores import FaceScore
from evals.faces.scores import TaskScores as FaceTaskScores
from evals.metric import PACKAGE, Metric, Need, collapse_metrics, load_metric
from evals.multimodal import task_names
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores

NAMES = plugins.names(PACKAGE)
NUM_ITEMS = 12
FAR = 1e4  # nats per token: a probability of 0 in any float
NAN = float("nan")
REACHED = {"extraction_strength_open_unlearning": 1 / 4}
"""Lowest values that the items here reach where a bound is only neared: 1/n with n = 4 words."""
HIGHEST = {
    "forget_multimodal": 4 / (1 + 12 / 11 + 36 / 14 + 12 / 11),
    "forget_multimodal_clear_repo": 4 / (1 + 1 + 3 + 1),
}
"""Highest values that they reach. With two wrong names beside the right one, who is indifferent has
truth ratios of 1 and a third of the probability, and a bit more if one of 12 items is known."""
Say = Callable[[str, int], Any]


class Made(Protocol):
    """Makes scores of one suite."""

    tasks: Sequence[tuple[str, Role]]

    def item(self, id: str, *, right: float, wrong: float) -> Any:
        """Returns an item: nats of what is true, and of what is not."""

    def wavering(self, id: str, chance: random.Random) -> Any:
        """Returns an item of which anything may be found."""

    def spoiled(self, item: Any) -> Any:
        """Returns the item with NaN for all that was found."""

    def silent(self, item: Any) -> Any:
        """Returns the item as it is where nothing is generated."""

    def task(self, name: str, role: Role, items: tuple[Any, ...]) -> Any:
        """Returns the scores of a task."""


class Texts:
    """Items of the truth "alpha beta gamma delta"; what is likelier than the wrong gets said."""

    tasks = (
        ("forget", Role.FORGET),
        ("retain", Role.RETAIN),
        ("real_authors", Role.REAL),
        ("world_facts", Role.REAL),
        ("holdout", Role.HOLDOUT),
    )

    def item(self, id: str, *, right: float, wrong: float) -> ItemScore:
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

    def wavering(self, id: str, chance: random.Random) -> ItemScore:
        return replace(
            self.item(id, right=chance.uniform(0, 2), wrong=chance.uniform(0, 2)),
            token_hits=tuple(chance.random() < 0.5 for _ in range(5)),
            token_logprobs=tuple(-chance.uniform(0, 2) for _ in range(5)),
            generation=chance.choice(["alpha", "beta delta", "gamma nothing"]),
        )

    def spoiled(self, item: ItemScore) -> ItemScore:
        return replace(
            item,
            answer=AnswerScore(NAN, 5),
            perturbed=(AnswerScore(NAN, 4),),
            token_logprobs=(NAN,) * 5,
        )

    def silent(self, item: ItemScore) -> ItemScore:
        return replace(item, generation=None)

    def task(self, name: str, role: Role, items: tuple[ItemScore, ...]) -> TaskScores:
        kind = Probability.CHOICE if role == Role.REAL else Probability.PLAIN
        return TaskScores(name, role, kind, items)


class Pictured(Texts):
    """Questions put to pictures; those about whom is to be forgotten begin so."""

    tasks = (
        *Texts.tasks,
        *(
            (name, Role.AUXILIARY)
            for name in vars(task_names).values()
            if isinstance(name, str) and name.startswith(("forget_", "retain_"))
        ),
    )

    def task(self, name: str, role: Role, items: tuple[ItemScore, ...]) -> TaskScores:
        kind = Probability.CHOICE if role in (Role.REAL, Role.AUXILIARY) else Probability.PLAIN
        return TaskScores(name, role, kind, items)


class Faces:
    """Pictures; who finds all people equally likely recognises nobody."""

    tasks = (("forget", Role.FORGET), ("retain", Role.RETAIN), ("holdout", Role.HOLDOUT))

    def item(self, id: str, *, right: float, wrong: float) -> FaceScore:
        return FaceScore(id, "A", cosine=math.exp(-right), best_other=math.exp(-wrong), nll=right)

    def wavering(self, id: str, chance: random.Random) -> FaceScore:
        return self.item(id, right=chance.uniform(0, 2), wrong=chance.uniform(0, 2))

    def spoiled(self, item: FaceScore) -> FaceScore:
        return replace(item, cosine=NAN, best_other=NAN, nll=NAN)

    def silent(self, item: FaceScore) -> FaceScore:
        return item

    def task(self, name: str, role: Role, items: tuple[FaceScore, ...]) -> Any:
        return FaceTaskScores(name, role, items)


MADE: dict[str, Made] = {"text": Texts(), "multimodal": Pictured(), "faces": Faces()}


@pytest.fixture
def made(name: str) -> Made:
    """Makes scores of the suite that the metric reads."""
    return MADE[load_metric(name).suite]


def knows(made: Made, id: str) -> Any:
    return made.item(id, right=0, wrong=FAR)


def lost(made: Made, id: str) -> Any:
    return made.item(id, right=FAR, wrong=0)


def believes_all(made: Made, id: str) -> Any:
    return made.item(id, right=0, wrong=0)


def guesses(made: Made, id: str) -> Any:
    return made.item(id, right=1, wrong=1)


def knows_first(made: Made, id: str) -> Any:
    return knows(made, id) if id.endswith("-00") else believes_all(made, id)


def knows_last(made: Made, id: str) -> Any:
    return knows(made, id) if id.endswith(f"-{NUM_ITEMS - 1:02}") else believes_all(made, id)


def gets_first(made: Made, id: str) -> Any:
    return believes_all(made, id) if id.endswith("-00") else lost(made, id)


def gets_last(made: Made, id: str) -> Any:
    return believes_all(made, id) if id.endswith(f"-{NUM_ITEMS - 1:02}") else lost(made, id)


def wavers(made: Made, id: str) -> Any:
    return made.wavering(id, random.Random(id))


def wavers_alike(made: Made, id: str) -> Any:
    """As `wavers`, and the n-th item of every task as the n-th of any other."""
    return made.wavering(id, random.Random(id[-2:]))


def _sheet(
    made: Made, forget: Say, others: Say, *, holdout: Say | None = None, num_items: int = NUM_ITEMS
) -> ScoreSheet:
    """Returns a sheet by who scored the forget set, the holdout (as others) and all others."""
    say = {"forget": forget, "holdout": holdout or others}
    return ScoreSheet(
        tuple(
            made.task(
                name,
                role,
                tuple(
                    say.get(name.partition("_")[0], others)(made, f"{name}-{i:02}")
                    for i in range(num_items)
                ),
            )
            for name, role in made.tasks
        )
    )


def _silent(made: Made, sheet: ScoreSheet, roles: frozenset[Role]) -> ScoreSheet:
    return _mapped(sheet, lambda _, item: made.silent(item), roles)


def _mapped(
    sheet: ScoreSheet,
    change: Callable[[Any, Any], Any],
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


def _one_nan_each(made: Made, sheet: ScoreSheet) -> ScoreSheet:
    return _mapped(sheet, lambda task, i: made.spoiled(i) if i == task.items[3] else i)


def _extremes(made: Made, metric: Metric) -> Iterator[float]:
    scorers = (knows, lost, believes_all, knows_first, knows_last, gets_first, gets_last)
    golds = scorers if Need.GOLD in metric.needs else (knows,)
    for forget, others, gold in product(scorers, (knows, lost), golds):
        yield metric.compute(_sheet(made, forget, others), _sheet(made, gold, knows))


def test_there_are_metrics_to_hold_to_their_promises() -> None:
    assert {"real", "retain", "forget", "log_forget_quality"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_worst_and_a_best_scorer_hit_the_bounds_and_nobody_leaves_them(
    name: str, made: Made
) -> None:
    metric = load_metric(name)
    low, high = metric.bounds
    values = list(_extremes(made, metric))
    assert all(low <= value <= high for value in values)
    assert max(values) == pytest.approx(HIGHEST.get(name, high), abs=1e-12)
    if math.isfinite(low):
        # Samples of 12 cannot be told apart with a p below 2 / C(24, 12) = 7.4e-7.
        assert min(values) == pytest.approx(REACHED.get(name, low), abs=1e-6)
        return
    worst = [
        metric.compute(
            _sheet(made, knows, knows, num_items=size), _sheet(made, lost, knows, num_items=size)
        )
        for size in (12, 200)
    ]
    assert min(values) == pytest.approx(worst[0])
    assert worst[1] < 5 * worst[0] < 0


@pytest.mark.parametrize("name", NAMES)
def test_the_better_side_is_the_one_that_is_declared(name: str, made: Made) -> None:
    metric = load_metric(name)
    ideal = _sheet(made, lost, knows, holdout=lost)
    value = metric.compute(ideal, ideal)
    if metric.better == "higher":
        assert value == pytest.approx(metric.bounds[1])
    elif metric.better == "lower":
        assert value == pytest.approx(REACHED.get(name, metric.bounds[0]))
    else:
        assert metric.better == "gold"


@pytest.mark.parametrize("name", NAMES)
def test_a_guide_is_0_where_the_metric_is_best_and_tells_the_two_sides_apart(
    name: str, made: Made
) -> None:
    metric = load_metric(name)
    if metric.guide is None:
        return
    ideal = _sheet(made, wavers_alike, wavers_alike)
    assert metric.guide(ideal, ideal).value == 0.0
    knowing, losing = (
        metric.guide(_sheet(made, scorer, knows, holdout=wavers_alike), ideal).value
        for scorer in (knows, lost)
    )
    assert knowing * losing < 0
    assert math.isnan(metric.guide(_one_nan_each(made, ideal), ideal).value)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_set_is_refused(name: str, made: Made) -> None:
    metric = load_metric(name)
    for empty in (_sheet(made, knows, knows, num_items=0), ScoreSheet(())):
        with pytest.raises(ValueError, match=r"no items|no task"):
            metric.compute(empty, empty)


@pytest.mark.parametrize("name", NAMES)
def test_one_nan_among_the_scores_gives_nan(name: str, made: Made) -> None:
    metric = load_metric(name)
    sheet = _sheet(made, wavers, wavers)
    assert not math.isnan(metric.compute(sheet, sheet))
    assert math.isnan(metric.compute(_one_nan_each(made, sheet), sheet))
    if Need.GOLD in metric.needs:
        assert math.isnan(metric.compute(sheet, _one_nan_each(made, sheet)))


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_items_and_tasks_does_not_matter(name: str, made: Made) -> None:
    metric = load_metric(name)
    sheet, gold = _sheet(made, wavers, wavers), _sheet(made, knows_first, wavers)
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
def test_gold_is_needed_exactly_where_declared(name: str, made: Made) -> None:
    metric = load_metric(name)
    sheet = _sheet(made, wavers, wavers)
    if Need.GOLD in metric.needs:
        with pytest.raises(ValueError, match="gold"):
            metric.compute(sheet, None)
    else:
        assert metric.compute(sheet, None) == metric.compute(sheet, _sheet(made, knows, knows))


@pytest.mark.parametrize("name", NAMES)
def test_generations_are_needed_exactly_where_declared(name: str, made: Made) -> None:
    metric = load_metric(name)
    sheet = _sheet(made, wavers, wavers)
    idle = frozenset(Role) - metric.generation_roles
    assert metric.suite or not metric.generation_roles, "whose generations are read?"
    assert metric.compute(_silent(made, sheet, idle), sheet) == metric.compute(sheet, sheet)
    for role in metric.generation_roles:
        with pytest.raises(ValueError, match="without a generation"):
            metric.compute(_silent(made, sheet, frozenset({role})), sheet)


@pytest.mark.parametrize("name", NAMES)
def test_the_holdout_task_is_needed_exactly_where_declared(name: str, made: Made) -> None:
    metric = load_metric(name)
    sheet = _sheet(made, wavers, wavers)
    bare = ScoreSheet(tuple(task for task in sheet.tasks if task.role is not Role.HOLDOUT))
    if Need.HOLDOUT in metric.needs:
        with pytest.raises(ValueError, match="holdout"):
            metric.compute(bare, sheet)
    else:
        assert metric.compute(bare, sheet) == metric.compute(sheet, sheet)


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_says_what_it_is_in_a_few_words(name: str, made: Made) -> None:
    metric = load_metric(name)
    for text in (metric.heading, metric.short, metric.note):
        assert text == text.strip()
        assert text
        assert "\n" not in text
    assert not metric.note.endswith("."), "more may be said behind it"


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_reads_the_scores_of_a_suite_that_there_is(name: str, made: Made) -> None:
    assert load_metric(name).suite in plugins.names("evals.suites")


def test_no_two_metrics_have_the_same_heading() -> None:
    for texts in zip(*((m.heading, m.short) for m in map(load_metric, NAMES)), strict=True):
        assert len(set(texts)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_finds_all_answers_equally_likely_is_at_the_level_of_chance(
    name: str, made: Made
) -> None:
    metric = load_metric(name)
    if metric.chance is None:
        return
    low, high = metric.bounds
    assert low <= metric.chance <= high

    sheet = _sheet(made, guesses, guesses)
    assert metric.compute(sheet, sheet) == pytest.approx(metric.chance, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_draws_of_items_are_worth_what_the_sheets_that_hold_them_are(name: str, made: Made) -> None:
    metric = load_metric(name)
    if metric.resampling is None:
        return
    sheet, gold = ordered(_sheet(made, wavers, wavers)), ordered(_sheet(made, knows_first, wavers))
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
def test_only_the_roles_that_are_named_decide_a_draw(name: str, made: Made) -> None:
    metric = load_metric(name)
    if metric.resampling is None:
        return
    sheet = ordered(_sheet(made, wavers, wavers))
    draws = drawn(sheet, seed=3, num_draws=2)
    named = ScoreSheet(tuple(t for t in sheet.tasks if t.role in metric.resampling.roles))
    found = metric.resampling.values(named, named, draws)
    assert (found == metric.resampling.values(sheet, sheet, draws)).all()
    for role in metric.resampling.roles:
        less = ScoreSheet(tuple(task for task in named.tasks if task.role is not role))
        with pytest.raises(ValueError, match="no task|no items of role"):
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
def test_a_quantile_of_gold_models_is_a_value_of_the_metric(name: str, made: Made) -> None:
    metric = load_metric(name)
    if metric.gold_quantile is None:
        return
    assert Need.GOLD in metric.needs
    assert metric.bounds[0] < metric.gold_quantile < metric.bounds[1]

import math
from dataclasses import replace

import numpy as np
import pytest

from evals import plugins
from evals.benchmark import Role
from evals.draws import Draws, drawn
from evals.metric import PACKAGE, load_metric
from evals.scores import ScoreSheet
from evals.text.scores import AnswerScore
from orchestrator.reporting.estimates.resampling import (
    computed,
    num_items,
    resampled,
)

FAST = [
    name
    for name in plugins.names(PACKAGE)
    if load_metric(name).resampling is not None and load_metric(name).suite == "text"
]


def once(sheet):
    """Returns the draw that has every item once."""
    counts = {task.name: np.ones((1, len(task.items)), dtype=int) for task in sheet.tasks}
    return Draws(counts)


def changed(sheet, task, index, **changes):
    """Returns the sheet with one item of a task changed."""

    def items(each):
        return tuple(
            replace(item, **changes) if (each.name, i) == (task, index) else item
            for i, item in enumerate(each.items)
        )

    return ScoreSheet(tuple(replace(each, items=items(each)) for each in sheet.tasks))


def test_most_metrics_are_computed_for_all_draws_at_once():
    assert {"real", "forget_rouge", "model_utility", "log10_forget_quality"} <= set(FAST)
    assert len(FAST) >= 24


@pytest.mark.parametrize("name", FAST)
def test_what_is_known_of_a_metric_agrees_with_its_own_computation(name, scored):
    sheet, gold = scored(1, knows=0.4), scored(2)
    (value,) = resampled(name, sheet, gold, once(sheet))
    assert value == pytest.approx(load_metric(name).compute(sheet, gold), rel=1e-12)
    draws = drawn(sheet, seed=3, num_draws=6)
    fast, slow = resampled(name, sheet, gold, draws), computed(name, sheet, gold, draws)
    assert fast == pytest.approx(slow, rel=1e-9)
    assert np.ptp(fast) > 0


@pytest.mark.parametrize("name", ["extraction_strength", "log_forget_quality_clear_repo"])
def test_any_other_metric_is_computed_draw_by_draw(name, scored):
    sheet, gold = scored(1, knows=0.4), scored(2)
    assert name not in FAST
    (value,) = resampled(name, sheet, gold, once(sheet))
    assert value == load_metric(name).compute(sheet, gold)
    draws = drawn(sheet, seed=0, num_draws=120)
    assert len(resampled(name, sheet, gold, draws)) == 100, "slow ones have fewer draws"


def test_equal_truth_ratios_end_no_step_between_them(scored):
    gold = scored(2)
    for index in range(0, 40, 2):  # half the items have one and the same ratio, in both sheets
        same = {"paraphrase": AnswerScore(2.0, 2), "perturbed": (AnswerScore(3.0, 2),)}
        gold = changed(gold, "forget", index, **same)
    sheet = scored(1, knows=0.4)
    for index in range(0, 40, 2):
        sheet = changed(sheet, "forget", index, **same)
    draws = drawn(sheet, seed=1, num_draws=20)
    fast = resampled("log_forget_quality", sheet, gold, draws)
    assert fast == pytest.approx(computed("log_forget_quality", sheet, gold, draws), rel=1e-9)


def test_a_model_is_as_good_as_itself_in_every_draw_as_items_are_joined_by_id(scored):
    sheet = scored(1)
    (forget,) = sheet.by_role(Role.FORGET)
    turned = replace(forget, items=forget.items[::-1])
    other = ScoreSheet(tuple(turned if t is forget else t for t in sheet.tasks))
    draws = drawn(sheet, seed=0, num_draws=50)
    assert (resampled("log_forget_quality", sheet, other, draws) == 0).all()
    assert (
        resampled("forget", sheet, None, draws) == resampled("forget", other, None, draws)
    ).all()


def test_forget_items_of_several_tasks_are_drawn_each_within_its_own(scored):
    def split(sheet):
        (forget,) = sheet.by_role(Role.FORGET)
        even = replace(forget, name="even", items=forget.items[::2])
        odd = replace(forget, name="odd", items=forget.items[1::2])
        return ScoreSheet((odd, even))

    sheet, gold = split(scored(1, knows=0.4)), split(scored(2))
    draws = drawn(sheet, seed=2, num_draws=20)
    fast = resampled("log_forget_quality", sheet, gold, draws)
    assert fast == pytest.approx(computed("log_forget_quality", sheet, gold, draws), rel=1e-9)


@pytest.mark.parametrize("name", ["forget_no_rouge", "log_forget_quality"])
def test_nan_stays_nan_and_an_impossible_answer_does_not_become_one(name, scored):
    sheet, gold = scored(1, knows=0.4), scored(2)
    nan, never = AnswerScore(math.nan, 3), AnswerScore(math.inf, 3)
    draws = drawn(sheet, seed=0, num_draws=30)
    broken = changed(sheet, "forget", 0, answer=nan, paraphrase=nan)
    assert np.isnan(resampled(name, broken, gold, draws)).any()
    impossible = changed(sheet, "forget", 0, answer=never, paraphrase=never)
    assert np.isfinite(resampled(name, impossible, gold, draws)).all()


def test_a_metric_is_as_sure_as_the_smallest_task_that_it_reads(scored):
    sheet = scored(1)
    few = replace(sheet.tasks[0], items=sheet.tasks[0].items[:7])
    sheet = ScoreSheet((few, *sheet.tasks[1:]))
    assert num_items("log_forget_quality", sheet) == 7
    assert num_items("retain", sheet) == 40
    assert num_items("extraction_strength", sheet) == 7

"""Merging a sheet's parts, and computing metrics from sheets."""

import math
from dataclasses import replace

import pytest

from evals.benchmark import Role
from evals.errors import ConfigError
from evals.measure import measure, merge
from evals.scores import ScoreSheet
from evals.text.example import Example, Probability, Task
from evals.text.scores import AnswerScore, ItemScore, TaskScores


def sheet(*ids: str, role: Role = Role.FORGET) -> ScoreSheet:
    one = AnswerScore(1.0, 2)
    items = tuple(ItemScore(i, "", one, one, (one,), (-0.5, -0.5), (True, True)) for i in ids)
    return ScoreSheet((TaskScores("forget", role, Probability.PLAIN, items),))


def test_merging_refuses_an_item_that_is_there_twice():
    with pytest.raises(ValueError, match="twice: b"):
        merge([sheet("a", "b"), sheet("b", "c")])


def test_merging_refuses_shards_that_lack_items():
    with pytest.raises(ValueError, match="missing"):
        merge([sheet("a", "b", "c"), sheet("d")])
    with pytest.raises(ValueError, match="missing"):
        merge([sheet("a"), sheet("b", "c")])


def test_merging_refuses_a_missing_id_that_was_expected():
    task = Task("forget", Role.FORGET, Probability.PLAIN, tuple(Example(i, "", "") for i in "abcd"))
    assert merge([sheet("a", "c"), sheet("b", "d")], expected=(task,))
    with pytest.raises(ValueError, match="forget: items are missing: d"):
        merge([sheet("a", "c"), sheet("b")], expected=(task,))
    with pytest.raises(ValueError, match="retain: items are missing"):
        merge([sheet("a")], expected=(replace(task, name="retain"),))


def test_merging_refuses_nothing_and_parts_of_different_tasks():
    with pytest.raises(ValueError, match="no part"):
        merge([])
    with pytest.raises(ValueError, match="different tasks"):
        merge([sheet("a"), ScoreSheet(())])


def whole() -> ScoreSheet:
    return ScoreSheet((*sheet("a", "b").tasks, *sheet("c", role=Role.RETAIN).tasks))


def test_measuring_gives_each_metric_by_name():
    names = ("retain", "log_forget_quality")
    values = measure(whole(), whole(), names)
    assert set(values) == set(names)
    assert values["log_forget_quality"] == pytest.approx(math.log(1.0))
    assert 0 <= values["retain"] <= 1


def test_a_metric_that_needs_gold_is_refused_without_it():
    assert "retain" in measure(whole(), None, ["retain"])
    with pytest.raises(ConfigError, match="log_forget_quality.*gold"):
        measure(whole(), None, ["log_forget_quality"])


def test_a_metric_that_needs_a_holdout_is_refused_without_one():
    with pytest.raises(ConfigError, match="mia_loss.*holdout"):
        measure(sheet("a"), None, ["mia_loss"])


def test_a_metric_that_needs_generations_is_refused_without_them():
    with pytest.raises(ConfigError, match="forget.*generat"):
        measure(sheet("a"), None, ["forget"])


def test_an_unknown_metric_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'retain'"):
        measure(sheet("a"), None, ["retian"])

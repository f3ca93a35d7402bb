from dataclasses import replace

import pytest

from orchestrator.results.chance import Chance, has_moved, judged_by_chance
from orchestrator.results.entry import Entry
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from trainers.job import Phase


def entry(value, *, phase=Phase.TRIAL, **facts):
    metrics = {"log_forget_quality": value, "forget": -value}
    result = Result(any_job(phase), State.DONE, "", metrics, facts, 1.0, (), 0.0)
    return Entry("ga", result, 0, {}, {} if phase == Phase.TRIAL else None)


def verdict(one, to_beat, objective="log_forget_quality"):
    (judged,) = judged_by_chance([one], Chance(to_beat), objective=objective)
    return judged.forgot


@pytest.mark.parametrize(("value", "forgot"), [(-3.0, True), (-9.0, False), (-20.0, False)])
def test_only_what_is_better_than_the_interval_of_the_original_counts(value, forgot):
    assert verdict(entry(value), -9.0) is forgot


def test_less_is_better_where_the_metric_says_so():
    assert verdict(entry(-3.0), 9.0, "forget") is True
    assert verdict(entry(-10.0), 9.0, "forget") is False


def test_baselines_and_failures_are_not_judged():
    assert verdict(entry(-1.0, phase=Phase.GOLD), -9.0) is None
    lost = replace(entry(-1.0), violations=None)
    assert verdict(lost, -9.0) is None


def test_a_model_that_did_not_move_forgot_nothing():
    assert verdict(entry(-1.0, moved=0.0), -9.0) is False
    assert verdict(entry(-1.0, moved=1.0), -9.0) is True


def test_nothing_is_known_where_the_original_has_no_number():
    assert verdict(entry(-1.0), float("nan")) is None


def test_models_have_moved_if_each_of_them_has():
    still, moved, unknown = (entry(0.0, **f).result for f in ({"moved": 0.0}, {"moved": 1.0}, {}))
    assert has_moved([moved, moved]) is True
    assert has_moved([moved, still]) is False
    assert has_moved([unknown]) is None

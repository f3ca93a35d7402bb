"""What is known of metrics beside their values: errors over items, and guides."""

import math

import numpy as np
import pytest

from evals.benchmark import Role
from evals.evidence import Evidence, evidence
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores

NAMES = ("log_forget_quality", "retain", "forget_quality_js")


def sheet(*, know: float, size: int = 20) -> ScoreSheet:
    """Scores of a model that finds the truth `know` nats a token likelier than what is wrong."""

    def item(i: int) -> ItemScore:
        right, wrong = AnswerScore(0.5 + i / 50, 1), AnswerScore(0.5 + know + i / 30, 1)
        return ItemScore(f"{i:02}", "x", right, None, (wrong,), (-0.5,), (True,))

    items = tuple(map(item, range(size)))
    tasks = ((role.value, role) for role in (Role.FORGET, Role.RETAIN))
    return ScoreSheet(tuple(TaskScores(n, r, Probability.PLAIN, items) for n, r in tasks))


def test_a_metric_with_steps_has_a_guide_and_one_with_many_draws_an_error() -> None:
    found = evidence(sheet(know=3.0), sheet(know=0.0), NAMES)
    assert set(found.guides) == set(found.guide_errors) == {"log_forget_quality"}
    assert found.guides["log_forget_quality"] > 0
    assert set(found.errors) == {"log_forget_quality", "retain"}
    assert all(0 <= error < 5 for error in found.errors.values())


def test_an_error_is_that_of_a_mean_over_items() -> None:
    # Of the harmonic mean's parts only the probability differs between these items: p from
    # exp(-0.5) down, in steps of a fiftieth of a nat; the truth ratio nearly 1 for all.
    found = evidence(sheet(know=9.0), None, ["retain"]).errors["retain"]
    p = np.exp(-0.5 - np.arange(20) / 50)
    mean, error = p.mean(), p.std() / math.sqrt(20)
    slope = 2 / (1 + mean) ** 2  # of 2 p / (p + 1)
    assert found == pytest.approx(slope * error, rel=0.15)


def test_the_same_sheets_always_say_the_same() -> None:
    asked = (sheet(know=3.0), sheet(know=0.0), NAMES)
    assert evidence(*asked) == evidence(*asked)


def test_what_was_measured_later_takes_the_place_of_what_was_known() -> None:
    before = Evidence({"retain": 0.1, "real": 0.2}, {"log_forget_quality": 1.0})
    after = before.updated(Evidence({"retain": 0.3}, {"log_forget_quality": 2.0}))
    assert after == Evidence({"retain": 0.3, "real": 0.2}, {"log_forget_quality": 2.0})


def test_an_error_over_numbers_that_are_none_is_none() -> None:
    found = evidence(sheet(know=math.nan), sheet(know=0.0), ["log_forget_quality"])
    assert math.isnan(found.errors["log_forget_quality"])
    assert math.isnan(found.guides["log_forget_quality"])

"""What is known of metrics beside their values: errors over items, and guides."""

import math

import numpy as np
import pytest

from evals.benchmark import Role
from evals.draws import drawn, ordered
from evals.evidence import NUM_DRAWS, Evidence, evidence
from evals.metric import load_metric
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


def test_beside_a_multiple_of_the_originals_only_what_items_do_to_the_difference_counts() -> None:
    whole, gold = sheet(know=1.0), sheet(know=0.0)
    original = evidence(whole, gold, ["retain"])
    found = evidence(whole, gold, ["retain"], original=whole)
    # The same model: what is left of an error is the tenth that the factor leaves out.
    beside = found.error_beside(original, "retain", times=0.9)
    assert beside == pytest.approx(0.1 * original.errors["retain"])
    assert found.error_beside(original, "retain", times=0.0) == pytest.approx(
        found.errors["retain"]
    )


def test_a_difference_varies_over_draws_as_its_parts_and_their_covariance_say() -> None:
    first, second = sheet(know=2.0), sheet(know=0.5)
    draws = drawn(first, seed=0, num_draws=NUM_DRAWS)
    metric = load_metric("retain").resampling
    assert metric is not None
    one, other = (metric.values(ordered(each), None, draws) for each in (first, second))
    found = evidence(first, None, ["retain"], original=second)
    beside = found.error_beside(evidence(second, None, ["retain"]), "retain", times=0.8)
    assert beside == pytest.approx(float(np.std(one - 0.8 * other, ddof=1)))


def test_an_original_of_other_items_says_nothing_and_the_whole_error_counts() -> None:
    other = sheet(know=1.0, size=19)
    found = evidence(sheet(know=1.0), None, ["retain"], original=other)
    assert found.with_original == {}
    beside = found.error_beside(evidence(other, None, ["retain"]), "retain", times=0.9)
    assert beside == found.errors["retain"]
    assert math.isnan(Evidence().error_beside(found, "retain", times=0.9))


def test_what_was_measured_anew_without_the_original_has_no_covariance_of_before() -> None:
    before = Evidence({"retain": 0.1, "real": 0.2}, with_original={"retain": 0.3, "real": 0.4})
    assert before.updated(Evidence({"retain": 0.2})).with_original == {"real": 0.4}

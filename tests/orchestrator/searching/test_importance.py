import math
import random

import optuna
import pytest

from orchestrator.searching.importance import MIN_TRIALS, Measured, importances
from orchestrator.searching.space import SearchChoices, SearchRange

SPACE = {"lr": SearchRange(low=1e-5, high=1e-2), "l1": SearchRange(low=1e-3, high=1.0)}


def trials(value, *, num=30):
    draw = random.Random(3)
    points = [
        {"lr": 10 ** draw.uniform(-5, -2), "l1": 10 ** draw.uniform(-3, 0)} for _ in range(num)
    ]
    return [Measured(point, value(point)) for point in points]


@pytest.mark.parametrize("decisive", SPACE)
def test_what_alone_decides_has_nearly_all_the_weight(decisive):
    made = importances(trials(lambda point: math.log10(point[decisive])), SPACE)
    assert made[decisive] > 0.9
    assert sum(made.values()) == pytest.approx(1.0)


def test_equal_trials_have_equal_weights():
    made = [importances(trials(lambda p: math.log10(p["lr"] * p["l1"])), SPACE) for _ in range(2)]
    assert made[0] == made[1]


def test_few_trials_or_equal_values_tell_nothing():
    assert importances(trials(lambda p: p["lr"], num=MIN_TRIALS - 1), SPACE) is None
    assert importances(trials(lambda p: 1.0), SPACE) is None


def test_values_that_are_not_finite_or_outside_the_space_do_not_count():
    lost = [Measured({"lr": 1e-4, "l1": 0.1}, math.nan), Measured({"lr": 1.0, "l1": 0.1}, 5.0)]
    five = trials(lambda p: p["lr"], num=MIN_TRIALS - 1)
    assert importances([*five, *lost], SPACE) is None


def test_a_choice_can_be_weighed_also_where_it_decides_what_else_is_searched():
    space = {
        "term": SearchChoices(choices=("none", "kl")),
        "alpha": SearchRange(low=0.5, high=5.0, when={"term": ("kl",)}),
        "lr": SPACE["lr"],
    }
    made = [
        Measured({"term": "none", "lr": 10**-i}, -10.0)
        if i % 2
        else Measured({"term": "kl", "alpha": 1.0 + i, "lr": 10**-i}, -1.0)
        for i in (2, 3, 4, 5) * 3
    ]
    found = importances(
        made, {**space, "alpha": SearchRange(low=0.5, high=9.0, when={"term": ("kl",)})}
    )
    assert found["term"] > found["lr"]


def test_optuna_says_afterwards_what_it_said_before():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    importances(trials(lambda point: point["lr"]), SPACE)
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING
    optuna.logging.set_verbosity(before)

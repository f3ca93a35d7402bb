"""Rates warm up without a lost step, decay to the last one, and are CLEAR's where that is asked."""

from itertools import pairwise
from typing import Any

import pytest

from evals.errors import ConfigError
from evals.validation import validated
from tests.fixtures.golden import GOLDEN
from trainers.schedule import learning_rate
from trainers.settings import TrainingSettings


def rates(schedule: Any, *, total: int = 16, warmup: float = 4, lr: float = 1.0) -> list[float]:
    settings = TrainingSettings(lr=lr, schedule=schedule, warmup_epochs=0)
    return [learning_rate(settings, i, total=total, warmup=warmup) for i in range(total)]


def test_the_rate_warms_up_without_a_lost_step_and_decays_to_the_last() -> None:
    found = rates("linear")
    assert found[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert found[4] == 1.0
    assert found[-1] == pytest.approx(1 / 12)
    assert all(a > b for a, b in pairwise(found[4:]))


def test_a_cosine_falls_slowly_at_both_ends_and_is_at_half_the_rate_midway() -> None:
    found = rates("cosine")
    assert found[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    # 12 steps after the warm-up: cos 30 degrees after 2 of them, cos 90 after 6, cos 165 after 11.
    assert [found[i] for i in (6, 10, 15)] == pytest.approx([0.9330127, 0.5, 0.0170371], abs=1e-7)
    assert all(a > b > 0 for a, b in pairwise(found[4:]))


def test_a_constant_rate_stays_after_the_warm_up() -> None:
    assert rates("constant", lr=0.3)[4:] == [0.3] * 12


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_a_warm_up_longer_than_the_training_still_reaches_the_full_rate(schedule: str) -> None:
    assert rates(schedule, total=3, warmup=10)[2] == 1.0
    assert rates(schedule, total=1, warmup=0) == [1.0]


def test_clear_s_vision_schedule_is_that_of_the_published_code() -> None:
    given = GOLDEN["vision_lr_schedule"]
    found = rates("clear_vision", total=160, warmup=0, lr=given["inputs"]["base_lr"])
    expected = pytest.approx(given["expected"], abs=given["tolerance"])
    assert [found[step] for step in given["inputs"]["steps"]] == expected


def test_clear_s_vision_schedule_does_not_rise_again_beyond_the_steps_it_was_made_for() -> None:
    found = rates("clear_vision", total=400, warmup=0)
    assert all(a >= b for a, b in pairwise(found[22:]))
    assert found[160:] == pytest.approx([0.1] * 240)


def test_a_warm_up_beside_the_one_of_clear_s_vision_schedule_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"training\.warmup_epochs must be 0 .* but got 2"):
        validated(
            TrainingSettings, {"schedule": "clear_vision", "warmup_epochs": 2}, key="training"
        )

"""CLEAR's script forms every truth ratio with one mean over all wrong answers of all items."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from evals.metric import load_metric

Build = Callable[..., Any]


def test_all_wrong_answers_are_pooled_into_one_number(item: Build, sheet: Build) -> None:
    # Wrong answers at 1, 1, 1 and 3 nats: 1.5. ln R = 0.5 and -1.5; item by item 0 and 0.
    scores = sheet(
        forget=[item("0", right=1, wrong=[1, 1, 1]), item("1", right=3, wrong=[3])],
    )
    value = load_metric("forget_truth_ratio_clear_repo").compute(scores, None)
    assert value == pytest.approx((math.exp(-0.5) + math.exp(-1.5)) / 2)
    assert load_metric("forget_truth_ratio").compute(scores, None) == 1.0


def test_a_set_without_wrong_answers_is_refused(item: Build, sheet: Build) -> None:
    with pytest.raises(ValueError, match="no wrong answers"):
        load_metric("forget_truth_ratio_clear_repo").compute(sheet(forget=[item()]), None)

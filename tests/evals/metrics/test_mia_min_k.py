"""The min-k attack: holdout is the positive class, a higher score means "never seen"."""

from collections.abc import Callable
from typing import Any

from evals.metric import load_metric

Build = Callable[..., Any]


def test_min_k_averages_the_lowest_two_fifths_and_leaves_the_end_of_sequence_out(
    item: Build, sheet: Build
) -> None:
    # Five words: int(0.4 * 5) = 2 lowest. forget -(-5 - 3) / 2 = 4; holdout 3.9, then 4.1.
    forget = item("0", log_probs=(-1, -5, -1, -3, -1, -99))
    below = item("1", log_probs=(-4, -3.8, -3.7, -3.7, -3.7, 0))
    above = item("2", log_probs=(-4.1, -4.1, 0, 0, 0, 0))
    metric = load_metric("mia_min_k")
    assert metric.compute(sheet(forget=[forget], holdout=[below]), None) == 0.0
    assert metric.compute(sheet(forget=[forget], holdout=[above]), None) == 1.0


def test_min_k_takes_the_last_token_of_an_answer_that_was_cut(item: Build, sheet: Build) -> None:
    forget = item("0", log_probs=(0, -5), ended=False)
    holdout = item("1", log_probs=(-4, 0))
    scores = sheet(forget=[forget], holdout=[holdout])
    assert load_metric("mia_min_k").compute(scores, None) == 0.0


def test_min_k_takes_at_least_one_token(item: Build, sheet: Build) -> None:
    # Two words: int(0.4 * 2) = 0, so the one lowest counts.
    forget, holdout = item("0", log_probs=(0, -2, 0)), item("1", log_probs=(-1, -1.5, 0))
    scores = sheet(forget=[forget], holdout=[holdout])
    assert load_metric("mia_min_k").compute(scores, None) == 0.0

"""Extraction strength and exact memorisation of hand-made hits, end of sequence left out."""

from collections.abc import Callable
from typing import Any

import pytest

from evals.metric import load_metric

Build = Callable[..., Any]
NAMES = ("extraction_strength", "extraction_strength_open_unlearning", "exact_memorisation")
LOG_PROBS = (-1.0,) * 5


@pytest.mark.parametrize(
    ("hits", "strength", "open_unlearning", "share"),
    [
        ("11110", 1.0, 1.0, 1.0),  # the missed end of sequence does not count
        ("01110", 0.75, 0.75, 0.75),
        ("10110", 0.5, 0.5, 0.75),  # what is hit before the last miss had to be prompted
        ("00011", 0.25, 0.25, 0.25),
        ("11101", 0.0, 0.25, 0.75),  # last token missed: nothing completes, whatever came before
        ("00001", 0.0, 0.25, 0.0),
    ],
)
def test_one_answer_by_hand(
    hits: str, strength: float, open_unlearning: float, share: float, item: Build, sheet: Build
) -> None:
    scores = sheet(forget=[item(log_probs=LOG_PROBS, hits=[hit == "1" for hit in hits])])
    assert load_metric("extraction_strength").compute(scores, None) == strength
    other = load_metric("extraction_strength_open_unlearning").compute(scores, None)
    assert other == open_unlearning
    assert load_metric("exact_memorisation").compute(scores, None) == share


@pytest.mark.parametrize("name", ["extraction_strength", "exact_memorisation"])
def test_every_item_weighs_the_same_however_long_its_answer(
    name: str, item: Build, sheet: Build
) -> None:
    long = item("0", log_probs=(-1.0,) * 9, hits=(True,) * 9)
    short = item("1", log_probs=(-1.0,) * 3, hits=(False,) * 3)
    assert load_metric(name).compute(sheet(forget=[long, short]), None) == 0.5


def test_every_token_of_an_answer_that_was_cut_is_its_own(item: Build, sheet: Build) -> None:
    # Hit, hit, miss: 2/3 of three tokens where the third is a word, all of two where it closes.
    for ended, share in ((False, 2 / 3), (True, 1.0)):
        one = item(log_probs=(-1.0,) * 3, hits=(True, True, False), ended=ended)
        value = load_metric("exact_memorisation").compute(sheet(forget=[one]), None)
        assert value == pytest.approx(share)


def test_one_token_is_enough_where_the_answer_was_cut(item: Build, sheet: Build) -> None:
    scores = sheet(forget=[item(log_probs=(-1.0,), hits=(True,), ended=False)])
    for name in NAMES:
        assert load_metric(name).compute(scores, None) == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_without_tokens_of_its_own_is_refused(
    name: str, item: Build, sheet: Build
) -> None:
    scores = sheet(forget=[item("q7", log_probs=(-1.0,))])
    with pytest.raises(ValueError, match="item q7 has no answer tokens"):
        load_metric(name).compute(scores, None)

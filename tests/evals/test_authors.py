"""Choosing whole authors of twenty rows each."""

import pytest

from evals.authors import Authors, Rows, choose
from evals.errors import ConfigError


def rows(*authors: int) -> tuple[int, ...]:
    return tuple(20 * author + question for author in authors for question in range(20))


SPLIT = Rows(forget=rows(5, 6, 7), retain=rows(0, 1, 2, 3, 4))
SCORED = rows(1, 3)
SAID = rows(1, 3, 5, 6, 7)


def chosen(forget=None, retain=None, holdout=None, split=SPLIT, said=SAID):
    return choose(Authors(forget, retain, holdout), split, scored=SCORED, said=said)


def test_nothing_chosen_takes_everything_and_holds_nobody_out() -> None:
    assert chosen() == SPLIT


def test_the_last_authors_are_forgotten() -> None:
    assert chosen(forget=2).forget == rows(6, 7)


def test_authors_that_can_be_scored_are_retained_first() -> None:
    assert chosen(retain=1).retain == rows(1)
    assert chosen(retain=2).retain == rows(1, 3)
    assert chosen(retain=3).retain == rows(0, 1, 3)


def test_as_many_are_held_out_as_are_forgotten_from_those_left_over() -> None:
    assert chosen(forget=1, retain=1).holdout == rows(5)
    assert chosen(forget=2, retain=1).holdout == rows(3, 5)


def test_fewer_are_held_out_where_fewer_are_left() -> None:
    assert chosen(retain=1).holdout == rows(3)


def test_authors_made_to_be_forgotten_are_held_out_first() -> None:
    assert chosen(forget=1, retain=1, holdout=2).holdout == rows(5, 6)
    assert chosen(forget=1, retain=1, holdout=3).holdout == rows(3, 5, 6)
    assert chosen(forget=1, retain=1, holdout=0).holdout == ()


def test_only_authors_with_wrong_answers_are_held_out() -> None:
    assert chosen(forget=1, retain=1, said=rows(1, 7)).holdout == ()


def test_no_author_is_in_two_parts() -> None:
    picked = chosen(forget=2, retain=1)
    assert not set(picked.forget) & set(picked.retain)
    assert not set(picked.holdout) & {*picked.forget, *picked.retain}


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"forget": 4}, r"benchmark\.forget_authors must be at most 3.* but got 4; ask for fewer"),
        ({"retain": 6}, r"benchmark\.retain_authors must be at most 5.* but got 6"),
        ({"retain": 1, "holdout": 2}, r"benchmark\.holdout_authors must be at most 1.* but got 2"),
        ({"holdout": 1}, r"benchmark\.holdout_authors must be at most 0.* but got 1"),
    ],
)
def test_more_authors_than_there_are_is_refused(counts, message) -> None:
    with pytest.raises(ConfigError, match=message):
        chosen(**counts)


def test_an_author_in_both_splits_cannot_be_chosen_but_can_be_taken_with_all() -> None:
    torn = Rows(forget=(*rows(1), 19), retain=rows(0)[:19])
    assert chosen(split=torn).retain == torn.retain
    with pytest.raises(ConfigError, match=r"20 consecutive rows.*author number 0 in both"):
        chosen(forget=1, split=torn)

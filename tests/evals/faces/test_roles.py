"""Roles of people, split by split."""

import random

from evals.faces.roles import Roles, drawn_roles

WHOLE = Roles((0, 1), (4, 5, 6, 7, 8), (2, 3))


def drawn(split: int) -> Roles:
    rng = random.Random(split)
    return drawn_roles(WHOLE, num_retain=3, split=split, num_splits=9, rng=rng)


def test_each_split_draws_whom_to_retain() -> None:
    retained = [drawn(split).retain for split in range(9)]
    assert all(len(set(r)) == 3 and set(r) < set(WHOLE.retain) for r in retained)
    assert all(list(r) == sorted(r) for r in retained)
    assert len(set(retained)) > 4
    assert drawn(5) == drawn(5)


def test_the_second_half_swaps_who_is_forgotten_and_who_is_held_out() -> None:
    assert [drawn(split).forget for split in range(9)] == [(0, 1)] * 4 + [(2, 3)] * 5
    assert [drawn(split).holdout for split in range(9)] == [(2, 3)] * 4 + [(0, 1)] * 5

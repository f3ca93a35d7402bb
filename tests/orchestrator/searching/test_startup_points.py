"""A search's first points leave no part of a range out."""

import pytest

from orchestrator.searching.space import SearchRange
from orchestrator.searching.startup_points import spread

SPACE = {
    "lr": SearchRange(low=1e-4, high=1.0),
    "l1": SearchRange(low=0.0, high=8.0, log=False),
    "layer": SearchRange(low=0, high=8, log=False, integer=True),
}


def test_the_middle_is_first_and_each_parameter_takes_the_middle_of_each_part_around_it() -> None:
    middle, *points = spread(SPACE, 5, seed=0)
    assert middle == {"lr": pytest.approx(1e-2), "l1": 4, "layer": 4}
    # 1e-4..1 is four decades, whose middles are 10^-3.5, ... 10^-0.5; 0..8 has parts of 2.
    assert sorted(p["lr"] for p in points) == pytest.approx([10**-e for e in (3.5, 2.5, 1.5, 0.5)])
    assert sorted(p["l1"] for p in points) == pytest.approx([1, 3, 5, 7])
    assert sorted(p["layer"] for p in points) == [1, 3, 5, 7]
    assert all(isinstance(p["layer"], int) for p in points)


def test_an_even_number_leaves_one_part_out() -> None:
    assert spread(SPACE, 4, seed=0) == spread(SPACE, 5, seed=0)[:4]


def test_the_seed_decides_the_pairing_and_nothing_else() -> None:
    assert spread(SPACE, 4, seed=1) == spread(SPACE, 4, seed=1)
    assert len({str(spread(SPACE, 4, seed=seed)) for seed in range(8)}) > 1
    assert len({str(spread(SPACE, 4, seed=seed)[0]) for seed in range(8)}) == 1


@pytest.mark.parametrize("num_points", [1, 2, 7])
def test_any_number_of_points_of_one_parameter(num_points: int) -> None:
    points = spread({"lr": SPACE["lr"]}, num_points, seed=3)
    assert len({p["lr"] for p in points}) == num_points
    assert all(1e-4 <= p["lr"] <= 1 for p in points)

"""A grid is the same whatever is measured, whole, and within its budget."""

import pytest

from orchestrator.searching.grid import grid, grid_size, num_trials, planned_grid
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import SearchChoices, SearchRange

SPACE = {"lr": SearchRange(low=1e-4, high=1e-2), "l1": SearchRange(low=0.0, high=1.0, log=False)}
TREE = {
    "retain_term": SearchChoices(choices=("none", "nll", "kl")),
    "alpha": SearchRange(low=1.0, high=100.0, when={"retain_term": ("nll", "kl")}),
}


def test_a_range_is_cut_evenly_on_its_scale_with_both_ends() -> None:
    points = grid(SPACE, seed=0, num_points=3, budget=99)
    assert sorted({point["lr"] for point in points}) == pytest.approx([1e-4, 1e-3, 1e-2])
    assert sorted({point["l1"] for point in points}) == pytest.approx([0.0, 0.5, 1.0])
    assert len({str(point) for point in points}) == 9


@pytest.mark.parametrize(
    ("budget", "sizes"), [(1, (1, 1)), (3, (3, 1)), (7, (3, 2)), (8, (4, 2)), (9, (3, 3))]
)
def test_without_a_number_the_grid_is_as_even_as_its_budget_allows(budget, sizes) -> None:
    points = grid(SPACE, seed=0, num_points=None, budget=budget)
    found = tuple(len({point[name] for point in points}) for name in SPACE)
    assert len(points) == sizes[0] * sizes[1] <= budget
    assert sorted(found) == sorted(sizes)


def test_one_value_of_a_range_is_its_middle() -> None:
    (point,) = grid(SPACE, seed=0, num_points=1, budget=1)
    assert point == {"lr": pytest.approx(1e-3), "l1": 0.5}


def test_a_condition_makes_no_point_twice() -> None:
    points = grid(TREE, seed=0, num_points=3, budget=99)
    assert len(points) == grid_size(TREE, 3) == 1 + 3 + 3
    assert points.count({"retain_term": "none"}) == 1
    assert grid_size(TREE, None) == 3


def test_whole_numbers_have_no_more_values_than_there_are() -> None:
    space = {"layer": SearchRange(low=1, high=3, log=False, integer=True)}
    points = grid(space, seed=0, num_points=None, budget=50)
    assert sorted(point["layer"] for point in points) == [1, 2, 3]


def test_the_seed_decides_the_order_and_nothing_else() -> None:
    first = grid(SPACE, seed=1, num_points=4, budget=16)
    assert first == grid(SPACE, seed=1, num_points=4, budget=16)
    other = grid(SPACE, seed=2, num_points=4, budget=16)
    assert first != other
    assert sorted(map(str, first)) == sorted(map(str, other))


def test_first_points_take_their_share_of_the_budget_and_are_not_tried_twice() -> None:
    corner = {"lr": 1e-4, "l1": 0}
    search = SearchSettings(sampler="grid", trials=5, first=(corner,))
    # Four points are left for the grid, of which one was first.
    assert len(planned_grid(SPACE, search, seed=0)) == 3
    assert num_trials(SPACE, search) == 4


def test_only_a_grid_gives_fewer_trials_than_the_budget() -> None:
    assert num_trials(SPACE, SearchSettings(trials=7)) == 7
    assert num_trials(SPACE, SearchSettings(trials=7, sampler="grid")) == 6

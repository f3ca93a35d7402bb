"""Surfaces with steps: where they are flat, where they are best, and what the guide says there."""

import numpy as np
import pytest
import stepped_surfaces
from search_surfaces import lattice
from stepped_surfaces import NAMES

X, Y = lattice(240)
FALLING = [name for name in NAMES if name != "dip"]
"""Those that come nearer to gold with every larger learning rate."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(4))
def test_the_best_feasible_setting_is_where_it_is_said_to_be(name: str, seed: int) -> None:
    surface = getattr(stepped_surfaces, name)(seed)
    found = surface.truth(X, Y)
    feasible = found.objective[found.feasible]
    assert surface.original < surface.best
    assert feasible.max() <= surface.best + 1e-9
    # The lattice is too coarse for every optimum on the floor, but comes near.
    assert surface.gap(feasible.max()) < 0.35


@pytest.mark.parametrize("name", FALLING)
def test_the_objective_takes_few_values_and_much_of_the_space_ties_with_the_original(name) -> None:
    surface = getattr(stepped_surfaces, name)(0)
    objective = surface.truth(X, Y).objective
    assert len(np.unique(objective)) <= 21
    assert np.mean(objective == surface.original) > 0.3


@pytest.mark.parametrize("name", FALLING)
def test_the_guide_falls_all_along_the_learning_rate_and_is_0_near_the_best(name: str) -> None:
    surface = getattr(stepped_surfaces, name)(1)
    x, y = surface.where
    along = surface.truth(np.linspace(0, 1, 50), np.full(50, y)).guide
    assert (np.diff(along) < 0).all()
    assert abs(float(surface.truth(np.float64(x), np.float64(y)).guide)) < 2.0


@pytest.mark.parametrize("seed", range(4))
def test_who_hardly_forgets_is_worse_than_the_original_in_the_dip(seed: int) -> None:
    surface = stepped_surfaces.dip(seed)
    x, y = surface.where
    along = surface.truth(np.linspace(0, x, 50), np.full(50, y))
    assert along.objective[0] == pytest.approx(surface.original)
    assert along.objective.min() < surface.original < along.objective[-1]
    assert along.guide.max() > along.guide[0]
    assert np.diff(along.guide)[-5:].max() < 0


def test_on_the_brink_what_is_seen_has_the_noise_that_is_told() -> None:
    surface = stepped_surfaces.brink(2)
    x, y = surface.where
    seen = [surface.see(x, y, number) for number in range(300)]
    missed = [float(each.violations["retain.at_least"]) for each in seen]
    assert np.std(missed) == pytest.approx(seen[0].floor_error, rel=0.15)
    assert np.std([float(each.guide) for each in seen]) == pytest.approx(
        seen[0].guide_error, rel=0.15
    )
    assert surface.see(x, y, 7) == surface.see(x, y, 7)

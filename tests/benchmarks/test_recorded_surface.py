"""The surface of real trials has what was measured, and its optimum is the best of it."""

import numpy as np
import pytest
import recorded_surface
from recorded_surface import RECORDED, RECORDED_ORIGINAL, recorded
from search_surfaces import lattice


def test_a_recorded_surface_has_what_was_measured_at_the_settings_that_were_tried(
    monkeypatch,
) -> None:
    monkeypatch.setattr(recorded_surface, "WINDOW", 1.0)
    surface = recorded(0)
    table = np.loadtxt(RECORDED, delimiter=",", skiprows=1)
    assert table.shape == (121, 4)
    lr, l1, retain, objective = table.T
    x, y = (np.log(of / of.min()) / np.log(of.max() / of.min()) for of in (lr, l1))
    found = surface.truth(x, y)
    assert found.objective == pytest.approx(objective, abs=1e-3)
    limit = 0.9 * RECORDED_ORIGINAL["retain"]
    assert found.violations["retain.at_least"] == pytest.approx(limit - retain, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_recorded_is_better_than_the_stated_optimum(seed) -> None:
    surface = recorded(seed)
    found = surface.truth(*lattice(1013))
    best = found.objective[found.feasible].max()
    assert abs(float(surface.gap(best))) < 0.005

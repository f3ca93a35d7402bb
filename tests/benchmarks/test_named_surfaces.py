"""Every surface that is compared on is found by its name, and a seed decides where it lies."""

import numpy as np
import pytest
from named_surfaces import DRAWN, named
from search_efficiency import GOALS


@pytest.mark.parametrize("name", list(GOALS))
def test_a_seed_places_a_surface_and_another_elsewhere(name) -> None:
    at = np.float64(0.5), np.float64(0.5)
    surfaces = [named(name, seed, anywhere=False) for seed in (0, 0, 1)]
    first, again, other = (surface.truth(*at).violations for surface in surfaces)
    assert first == again != other


@pytest.mark.parametrize("name", list(GOALS))
def test_optima_of_those_that_are_drawn_lie_elsewhere_where_they_may(name) -> None:
    near, anywhere = (named(name, 0, anywhere=each).where for each in (False, True))
    assert (near != anywhere) == (name in DRAWN)

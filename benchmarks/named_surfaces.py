"""Every surface by its name."""

from collections.abc import Callable

import search_surfaces
import stepped_surfaces
from recorded_surface import recorded
from search_surfaces import Surface

DRAWN = ("easy", "floor", "narrow", "noisy", "heavy")
"""Surfaces whose optima are drawn near the middle or, with `anywhere`, from all of the space."""


def named(name: str, seed: int, *, anywhere: bool) -> Surface:
    """Returns the surface `name` of a seed."""
    if name == "recorded":
        return recorded(seed)
    module = search_surfaces if name in DRAWN else stepped_surfaces
    make: Callable[..., Surface] = getattr(module, name)
    return make(seed, anywhere=anywhere) if name in DRAWN else make(seed)

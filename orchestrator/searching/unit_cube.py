"""A space as a unit cube, in which distances between settings mean something.

Every parameter is a unit from 0 to 1, the share of the way through its range on its scale. A choice
among k is the middle of its k-th part, and only equal or different. Shapes: M places, D parameters.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orchestrator.searching.distributions import at_rest
from orchestrator.searching.space import (
    Point,
    SearchChoices,
    Searched,
    SearchRange,
    Space,
    Value,
    active_part,
    order,
)

Array = NDArray[np.float64]


class Cube:
    """Translates settings of `space` to places in the cube and back."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self.names = order(space)
        """Of its parameters, in the order of a place's numbers."""
        self.is_choice_D = np.array([isinstance(space[n], SearchChoices) for n in self.names])

    def places(self, settings: Sequence[Point]) -> Array:
        """Returns where the settings lie; what is not active is at the middle of its range."""
        rows = [at_rest(self._space, params) for params in settings]
        found = [[_unit(self._space[name], row[name]) for name in self.names] for row in rows]
        return np.array(found, dtype=float).reshape(len(rows), len(self.names))

    def setting(self, place_D: Array) -> dict[str, Value]:
        """Returns the setting at a place: what is active there."""
        units = zip(self.names, place_D, strict=True)
        values = {name: self._space[name].at(float(unit)) for name, unit in units}
        return active_part(self._space, values)

    def settle(self, units_MD: Array, part: Point) -> Array:
        """Returns the nearest places that are settings, those of them that hold `part`."""
        found = units_MD.copy()
        for column, name in enumerate(self.names):
            searched = self._space[name]
            if name in part:
                found[:, column] = _unit(searched, part[name])
            elif isinstance(searched, SearchChoices) or searched.integer:
                found[:, column] = [_unit(searched, searched.at(u)) for u in found[:, column]]
            resting = ~self._is_active(name, found)
            found[resting, column] = _unit(searched, searched.at(0.5))
        return found

    def _is_active(self, name: str, places_MD: Array) -> NDArray[np.bool_]:
        active = np.ones(len(places_MD), dtype=bool)
        for parent, values in self._space[name].when.items():
            units_M = places_MD[:, self.names.index(parent)]
            wanted = [_unit(self._space[parent], value) for value in values]
            active &= np.isclose(units_M[:, None], wanted).any(axis=1)
            active &= self._is_active(parent, places_MD)
        return active


def _unit(searched: Searched, value: Value) -> float:
    """Returns the share of the way through the range, or through the choices, of `value`."""
    if not isinstance(searched, SearchRange):
        return (searched.choices.index(value) + 0.5) / len(searched.choices)
    ends = np.array([searched.low, searched.high, float(value)])
    low, high, here = np.log(ends) if searched.log else ends
    return float((here - low) / (high - low))

"""Settings that are known to do nothing before they are tried.

What did next to nothing at some learning rate and L1 does no more at a smaller learning rate or
under a larger L1, all other choices being the same. Shapes: M places, K idle trials, D parameters.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orchestrator.searching.shared_parameters import L1, LR
from orchestrator.searching.space import Point, SearchRange, Space
from orchestrator.searching.tried import Tried
from orchestrator.searching.unit_cube import Array, Cube

SLACK = 1e-9
"""Places are shares of a range, and rounded."""


class IdleCorner:
    """The part of a space's cube of which trials that did nothing say that it does nothing."""

    def __init__(self, tried: Sequence[Tried], space: Space) -> None:
        cube = Cube(space)
        self._idle_KD = cube.places([trial.params for trial in tried if trial.signals.idle])
        lessens = {LR: -1.0, L1: 1.0}
        self._way_D = np.array(
            [lessens.get(n, 0.0) * isinstance(space[n], SearchRange) for n in cube.names]
        )
        """On which side of an idle trial a setting does less; 0 where it must be the same."""

    def holds(self, places_MD: Array) -> NDArray[np.bool_]:
        """Returns which places lie in it."""
        away_MKD = places_MD[:, None] - self._idle_KD
        does_less = away_MKD * self._way_D >= -SLACK
        is_same = (self._way_D != 0) | (np.abs(away_MKD) <= SLACK)
        found: NDArray[np.bool_] = (does_less & is_same).all(axis=2).any(axis=1)
        return found


def is_known_idle(point: Point, tried: Sequence[Tried], space: Space) -> bool:
    """Returns whether a trial that did nothing says that the point does nothing either."""
    return bool(IdleCorner(tried, space).holds(Cube(space).places([point])).any())

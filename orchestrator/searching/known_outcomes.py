"""Settings whose outcome is known before they are tried, so that they need not be.

A study's own setting again is the same job. (That of another sweep is not: it is worth a trial.)
Shapes: M places, N trials, D parameters.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orchestrator.searching.idle_corner import SLACK, IdleCorner
from orchestrator.searching.space import Space
from orchestrator.searching.tried import Ending, Tried
from orchestrator.searching.unit_cube import Array, Cube

TOLD = (Ending.MEASURED, Ending.COLLAPSED, Ending.RUNNING)
"""What a job that failed in another way would come to is not known."""


class KnownOutcomes:
    """What a study's trials leave nothing to learn of: themselves, and what does nothing."""

    def __init__(self, tried: Sequence[Tried], space: Space) -> None:
        own = [each.params for each in tried if each.number is not None and each.ending in TOLD]
        self._own_ND = Cube(space).places(own)
        self._idle = IdleCorner(tried, space)

    def holds(self, places_MD: Array) -> NDArray[np.bool_]:
        """Returns which places are such."""
        away_MND = np.abs(places_MD[:, None] - self._own_ND)
        is_own_M = np.any(np.all(away_MND <= SLACK, axis=2), axis=1)
        found: NDArray[np.bool_] = np.logical_or(is_own_M, self._idle.holds(places_MD))
        return found

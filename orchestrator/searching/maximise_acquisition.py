"""The setting with the largest expected improvement, found by looking widely and then closer.

The improvement is cheap and the space small, so places are drawn rather than followed by slope,
which also serves choices and whole numbers: evenly over all of the space at first, then about
the best of these at smaller and smaller distances.
"""

import numpy as np

from orchestrator.searching.acquisition import Acquisition, Improvement, Seen
from orchestrator.searching.gaussian_process import Array
from orchestrator.searching.hypervolume_improvement import HypervolumeImprovement
from orchestrator.searching.idle_corner import IdleCorner
from orchestrator.searching.space import Point, Value
from orchestrator.searching.unit_cube import Cube

NUM_WIDE, NUM_CENTERS, NUM_NEAR = 1024, 6, 32
DISTANCES = (0.1, 0.025, 0.006)
SAME = 1e-9
"""By how much two places of one setting may differ, from rounding."""
CHOICE_REDRAWN = 0.25
"""How often a near place makes a choice anew, which has no distances."""


def propose(
    seen: Seen, *, cube: Cube, part: Point, seed: int, idle: IdleCorner | None = None
) -> dict[str, Value]:
    """Returns the setting to try next, with the values of `part` where that has some.

    It is none that was seen, and none of `idle`, what is known to do nothing, unless there is
    nothing else.
    """
    from scipy.stats import qmc

    improvement = _acquisition(seen, cube)
    rng = np.random.default_rng(seed)
    wide = qmc.Sobol(len(cube.is_choice_D), rng=rng).random(NUM_WIDE)
    places = cube.settle(wide, part)
    gains = _gains(improvement, places, seen, idle)
    for distance in DISTANCES:
        centers = places[np.argsort(-gains, kind="stable")[:NUM_CENTERS]]
        near = cube.settle(_around(centers, distance, cube=cube, rng=rng), part)
        gains = np.append(gains, _gains(improvement, near, seen, idle))
        places = np.concatenate([places, near])
    return {**cube.setting(places[np.argmax(gains)]), **part}


def _gains(
    improvement: Acquisition, places_MD: Array, seen: Seen, idle: IdleCorner | None
) -> Array:
    """Returns the logarithm of what each place is expected to gain.

    The same setting again is the same job, whose numbers are known: it gains nothing.
    """
    known_ND = np.concatenate([seen.points_ND, seen.running_RD])
    no_gain = (np.abs(places_MD[:, None] - known_ND) <= SAME).all(axis=2).any(axis=1)
    if idle is not None:
        no_gain |= idle.holds(places_MD)
    return np.where(no_gain, -np.inf, improvement.log_at(places_MD))


def _acquisition(seen: Seen, cube: Cube) -> Acquisition:
    made = HypervolumeImprovement if seen.further else Improvement
    return made(seen, cube.is_choice_D)


def _around(centers: Array, distance: float, *, cube: Cube, rng: np.random.Generator) -> Array:
    found = np.repeat(centers, NUM_NEAR, axis=0)
    moved = np.clip(found + distance * rng.normal(size=found.shape), 0, 1)
    redrawn = rng.random(found.shape) < CHOICE_REDRAWN
    choices = np.where(redrawn, rng.random(found.shape), found)
    return np.where(cube.is_choice_D, choices, moved)

"""The setting with the largest expected improvement, found by looking widely and then closer.

The improvement is cheap and the space small, so places are drawn rather than followed by slope,
which also serves choices and whole numbers: evenly over all of the space at first, then about
the best of these at smaller and smaller distances.
"""

import numpy as np

from orchestrator.searching.acquisition import Acquisition, Improvement, Seen
from orchestrator.searching.gaussian_process import Array
from orchestrator.searching.hypervolume_improvement import HypervolumeImprovement
from orchestrator.searching.known_outcomes import KnownOutcomes
from orchestrator.searching.space import Point, Value
from orchestrator.searching.unit_cube import Cube

NUM_WIDE, NUM_CENTERS, NUM_NEAR = 1024, 6, 32
DISTANCES = (0.1, 0.025, 0.006)
CHOICE_REDRAWN = 0.25
"""How often a near place makes a choice anew, which has no distances."""


def propose(
    seen: Seen, *, cube: Cube, part: Point, seed: int, known: KnownOutcomes | None = None
) -> dict[str, Value]:
    """Returns the setting to try next, with the values of `part` where that has some.

    It is none of which the outcome is `known`, unless there is nothing else.
    """
    from scipy.stats import qmc

    improvement = _acquisition(seen, cube)
    rng = np.random.default_rng(seed)
    wide = qmc.Sobol(len(cube.is_choice_D), rng=rng).random(NUM_WIDE)
    places = cube.settle(wide, part)
    gains = _gains(improvement, places, known)
    for distance in DISTANCES:
        centers = places[np.argsort(-gains, kind="stable")[:NUM_CENTERS]]
        near = cube.settle(_around(centers, distance, cube=cube, rng=rng), part)
        gains = np.append(gains, _gains(improvement, near, known))
        places = np.concatenate([places, near])
    return {**cube.setting(places[np.argmax(gains)]), **part}


def _gains(improvement: Acquisition, places_MD: Array, known: KnownOutcomes | None) -> Array:
    """Returns the logarithm of what each place is expected to gain: of a known one nothing."""
    gains_M = improvement.log_at(places_MD)
    return gains_M if known is None else np.where(known.holds(places_MD), -np.inf, gains_M)


def _acquisition(seen: Seen, cube: Cube) -> Acquisition:
    made = HypervolumeImprovement if seen.further else Improvement
    return made(seen, cube.is_choice_D)


def _around(centers: Array, distance: float, *, cube: Cube, rng: np.random.Generator) -> Array:
    found = np.repeat(centers, NUM_NEAR, axis=0)
    moved = np.clip(found + distance * rng.normal(size=found.shape), 0, 1)
    redrawn = rng.random(found.shape) < CHOICE_REDRAWN
    choices = np.where(redrawn, rng.random(found.shape), found)
    return np.where(cube.is_choice_D, choices, moved)

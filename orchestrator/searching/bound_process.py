"""What was seen of one bound: how likely a setting keeps it, and keeps it again.

A violation is eased before a Gaussian process sees it, asinh(violation / margin): linear near the
bound and a logarithm far from it. The margin is the most by which a trial kept the bound (or the
least by which all missed it). A destroyed model misses a floor by many times what any model keeps
it by, and a process of the plain numbers would see nothing but that cliff.
"""

import math

import numpy as np
from numpy.typing import NDArray

from orchestrator.searching.expected_improvement import averaged
from orchestrator.searching.gaussian_process import Array, Process

MOST_ROOM = math.asinh(0.75)
"""What is asked for at most: three quarters of the largest margin that a trial had. Where noise
asks for more, no setting would surely keep the bound, and a search would be left with the least
known ones, at the edges of the space."""


class BoundProcess:
    """What `violations_N` at `points_ND`, with standard errors, tell of a bound elsewhere.

    To keep it *again* is to keep it once more, under another seed and on other items, with the
    `probability` that is asked for.
    """

    def __init__(
        self,
        points_ND: Array,
        violations_N: Array,
        *,
        errors_N: Array,
        running_RD: Array,
        is_choice_D: NDArray[np.bool_],
        probability: float,
    ) -> None:
        from scipy.special import ndtri

        self._margin = margin = _margin(violations_N)
        # The slope of asinh: far from the bound an error counts for less.
        slope_N = 1 / np.hypot(violations_N, margin)
        self._process = Process(
            points_ND,
            eased(violations_N),
            running_RD=running_RD,
            is_choice_D=is_choice_D,
            errors_N=errors_N * slope_N,
        )
        error = _error_near(violations_N, errors_N) / margin
        self._noise_S = np.hypot(self._process.noise, error) if error > 0 else np.zeros(1)
        self._room_S = np.minimum(float(ndtri(probability)) * self._noise_S, MOST_ROOM)

    def is_kept(self, places_MD: Array) -> NDArray[np.bool_]:
        """Returns where the bound is kept, as far as is believed."""
        return self._process.mean(places_MD) <= 0

    def is_kept_again(self, places_MD: Array) -> NDArray[np.bool_]:
        """Returns where it is kept again, as far as is believed; all where noise is not known."""
        if not self._room_S.any():
            return np.ones(len(places_MD), dtype=bool)
        room = float(self._process.weights_S @ self._room_S)
        return self._process.mean(places_MD) <= -room

    def log_kept(self, places_MD: Array) -> Array:
        """Returns the logarithm of how likely each place is one that keeps the bound again."""
        from scipy.special import log_ndtr

        mean, spread = self._process.predict(places_MD)
        z_SM = -(mean + self._room_S[:, None]) / spread
        return averaged(log_ndtr(z_SM), self._process.weights_S)

    def chance(self, places_MD: Array, errors_M: Array) -> Array:
        """Returns how likely what is measured at each place, with that error, keeps the bound."""
        from scipy.special import ndtr

        mean_SM, spread_SM = self._process.predict(places_MD)
        kept_SM = ndtr(-mean_SM / np.hypot(spread_SM, errors_M / self._margin))
        found: Array = self._process.weights_S @ kept_SM
        return found


def eased(violations_N: Array) -> Array:
    """Returns asinh(violation / margin), linear near the bound and a logarithm far from it."""
    found: Array = np.arcsinh(violations_N / _margin(violations_N))
    return found


def _error_near(violations_N: Array, errors_N: Array) -> float:
    """Returns what a trial near the bound is off by: the mean, the nearer ones counting for more.

    A model that hardly moved is surer than one at the bound, and one that is half destroyed less.
    """
    nearness_N = 1 / (np.abs(violations_N) + 0.1 * _margin(violations_N))
    return float(np.average(errors_N, weights=nearness_N))


def _margin(violations_N: Array) -> float:
    inside = violations_N.min() < 0
    margin = -violations_N.min() if inside else violations_N.min()
    return max(float(margin), 0.01 * float(np.abs(violations_N).max()), 1e-12)

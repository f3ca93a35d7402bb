"""How much better than the best so far a setting may be, and how likely it keeps every bound.

    log E[max(0, y - best)] + sum over bounds of log P(violation <= 0)

The first term is left out while nothing is feasible. Objective and violations have a Gaussian
process each. Shapes as in `process`, C bounds.

Source: Gardner et al. 2014, Bayesian Optimization with Inequality Constraints (ICML); the
logarithm, which has a slope where the value itself is 0: Ament et al. 2023, arXiv 2310.20708.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.searching.gaussian_process import Array, Process


@dataclass(frozen=True, slots=True)
class Seen:
    """Trials as places in the unit cube; of the objective more is better."""

    points_ND: Array
    values_N: Array
    violations_NC: Array
    running_RD: Array

    @property
    def is_feasible(self) -> NDArray[np.bool_]:
        """Which trials keep every bound."""
        return np.asarray(np.all(self.violations_NC <= 0, axis=1))


class Improvement:
    """The expected improvement within the bounds, after what was seen."""

    def __init__(self, seen: Seen, is_choice_D: NDArray[np.bool_]) -> None:
        self._objective, *self._bounds = (
            Process(seen.points_ND, of, running_RD=seen.running_RD, is_choice_D=is_choice_D)
            for of in (seen.values_N, *(eased(column) for column in seen.violations_NC.T))
        )
        self._best = self._best_of(seen)

    def log_at(self, places_MD: Array) -> Array:
        """Returns the logarithm of the expected improvement at each place."""
        found = self._log_feasible(places_MD)
        if self._best is None:
            return found
        mean, spread = self._objective.predict(places_MD)
        gain = log_improvement((mean - self._best) / spread) + np.log(spread)
        return found + _averaged(gain, self._objective.weights_S)

    def _best_of(self, seen: Seen) -> float | None:
        """Returns the best feasible value as it is believed to be, without its noise.

        A running trial counts with what is believed of it.
        """
        kept = [seen.points_ND[seen.is_feasible]]
        if len(seen.running_RD):
            keeps = np.ones(len(seen.running_RD), dtype=bool)
            for bound in self._bounds:
                keeps &= bound.mean(seen.running_RD) <= 0
            kept.append(seen.running_RD[keeps])
        places = np.concatenate(kept)
        return float(self._objective.mean(places).max()) if len(places) else None

    def _log_feasible(self, places_MD: Array) -> Array:
        from scipy.special import log_ndtr

        found = np.zeros(len(places_MD))
        for bound in self._bounds:
            mean, spread = bound.predict(places_MD)
            found += _averaged(log_ndtr(-mean / spread), bound.weights_S)
        return found


def eased(violations_N: Array) -> Array:
    """Returns asinh(violation / margin), linear near the bound and a logarithm far from it.

    The margin is the most by which a trial kept the bound (or the least by which all missed it).
    A destroyed model misses a floor by many times what any model keeps it by, and a process of the
    plain numbers would see nothing but that cliff.
    """
    inside = violations_N.min() < 0
    margin = -violations_N.min() if inside else violations_N.min()
    margin = max(margin, 0.01 * float(np.abs(violations_N).max()), 1e-12)
    found: Array = np.arcsinh(violations_N / margin)
    return found


def log_improvement(z: Array) -> Array:
    """Returns log E[max(0, z + e)] of a standard normal e: log of z Phi(z) + phi(z)."""
    from scipy.special import erfcx, ndtr

    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    near = np.log(np.maximum(z * ndtr(z) + density, 1e-300))
    # The two terms nearly cancel far below; there, Phi / phi by the scaled error function.
    low = np.minimum(z, -1.0)
    rest = 1 + low * math.sqrt(math.pi / 2) * erfcx(-low / math.sqrt(2))
    # Of that 1 / z^2 is left, and beyond some thousand nothing but rounding.
    rest = np.where(low > -1e3, rest, low**-2)
    far = -0.5 * low * low - 0.5 * math.log(2 * math.pi) + np.log(rest)
    found: Array = np.where(z > -5, near, far)
    return found


def _averaged(log_SM: Array, weights_S: Array) -> Array:
    """Returns the logarithm of the weighted mean over the draws."""
    from scipy.special import logsumexp

    found: Array = logsumexp(log_SM, axis=0, b=weights_S[:, None])
    return found

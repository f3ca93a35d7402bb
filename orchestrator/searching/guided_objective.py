"""An objective that is known through its guide: where the guide is likely to come near 0.

    objective = link(|guide|) + rest

The guide and the rest have a Gaussian process each, the link is a curve (`link`). The guide has no
steps and tells the side on which a trial is, so two trials on either side of the best show where
it lies, although their objectives may be the same. The rest is what settings with the same guide
differ by: the shape of a distribution, say, that the guide does not look at.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from orchestrator.searching.expected_improvement import log_improvement
from orchestrator.searching.gaussian_process import Array, Process
from orchestrator.searching.link import fitted

NUM_CELLS = 24
"""Into which the distances from 0 are cut that would be an improvement."""
NUM_OWN_CELLS, FAR = 48, 4.1
"""Of the guide's own spread, and how far they reach: sinh(4.1) is 30 standard deviations."""


Moments = tuple[Array, Array]
"""Means and standard deviations."""


@dataclass(frozen=True, slots=True)
class Guides:
    """The guides of trials and their standard errors; NaN is none, and an error of 0 not known.

    `ceiling` is the best value that the objective can have, perhaps infinite.
    """

    guides_N: Array
    errors_N: Array
    ceiling: float = math.inf


class GuidedObjective:
    """What values and guides at `points_ND` tell of the objective elsewhere; more is better."""

    def __init__(
        self,
        points_ND: Array,
        values_N: Array,
        guides: Guides,
        *,
        running_RD: Array,
        is_choice_D: NDArray[np.bool_],
    ) -> None:
        told_N = ~np.isnan(guides.guides_N)
        points_ND, values_N = points_ND[told_N], values_N[told_N]
        guides_N, errors_N = guides.guides_N[told_N], guides.errors_N[told_N]
        self._link = fitted(np.abs(guides_N), values_N, ceiling=guides.ceiling)
        self._farthest = float(np.abs(guides_N).max())
        self._guide = Process(
            points_ND,
            guides_N,
            running_RD=running_RD,
            is_choice_D=is_choice_D,
            errors_N=errors_N,
        )
        rest_N = values_N - self._link.at(np.abs(guides_N))
        self._rest = Process(points_ND, rest_N, running_RD=running_RD, is_choice_D=is_choice_D)

    def mean(self, places_MD: Array) -> Array:
        """Returns the objective at each place where the guide is what it is believed to be."""
        guide_M = self._guide.mean(places_MD)
        found: Array = self._link.at(np.abs(guide_M)) + self._rest.mean(places_MD)
        return found

    def log_gains(self, places_MD: Array, bests: Sequence[float]) -> list[Array]:
        """Returns the logarithm of the expected improvement over each of `bests` at each place.

        Where the guide is no surer than what cells of the distances from 0 can tell, it is summed
        over these, elsewhere over cells of the guide's own spread.
        """
        rest = _mixed(self._rest.predict(places_MD), self._rest.weights_S)
        guide_SM = self._guide.predict(places_MD)
        return [self._log_gain(rest, guide_SM, best) for best in bests]

    def _log_gain(self, rest: Moments, guide_SM: Moments, best: float) -> Array:
        (rest_M, spread_M), (guide_M, wide_M) = rest, _mixed(guide_SM, self._guide.weights_S)
        reach = self._reach(best - 2 * float(spread_M.max()) - float(rest_M.max()))
        width = reach / NUM_CELLS
        found: Array = np.empty(len(rest_M))
        unsure = wide_M >= width
        if unsure.any():
            cells_K: Array = (np.arange(NUM_CELLS, dtype=np.float64) + 0.5) * width
            mean_SM, spread_SM = (each[:, unsure] for each in guide_SM)
            likely_MK = self._log_share(mean_SM, spread_SM, cells_K, width)
            here = rest_M[unsure], spread_M[unsure]
            found[unsure] = self._summed(cells_K[None, :], likely_MK, *here, best)
        if not unsure.all():
            z_Z, share_Z = _own_cells()
            around_MZ = np.abs(guide_M[~unsure, None] + wide_M[~unsure, None] * z_Z)
            here = rest_M[~unsure], spread_M[~unsure]
            found[~unsure] = self._summed(around_MZ, share_Z[None, :], *here, best)
        return found

    def _summed(
        self, distances: Array, log_shares: Array, rest_M: Array, spread_M: Array, best: float
    ) -> Array:
        """Returns the logarithm of the mean gain over guides as far from 0, with their shares."""
        from scipy.special import logsumexp

        z = (self._link.at(distances) + rest_M[:, None] - best) / spread_M[:, None]
        found: Array = logsumexp(log_improvement(z) + log_shares, axis=1) + np.log(spread_M)
        return found

    def _reach(self, worth: float) -> float:
        """Returns the distance within which the objective is worth that much."""
        tried: Array = np.arange(1, 256, dtype=np.float64) * (self._farthest / 255)
        enough = tried[self._link.at(tried) >= worth] if self._farthest > 0 else tried[:0]
        return float(enough.max()) if len(enough) else max(0.01 * self._farthest, 1e-6)

    def _log_share(self, mean_SM: Array, spread_SM: Array, cells_K: Array, width: float) -> Array:
        """Returns the logarithm of how likely the guide lies in each cell, on either side of 0."""
        from scipy.special import logsumexp

        spread_SM = np.maximum(spread_SM, width / 2)  # a draw that is surer than the others
        log_weight_S = np.log(self._guide.weights_S)
        sides = []
        for side in (1.0, -1.0):
            z_SMK = (side * cells_K - mean_SM[..., None]) / spread_SM[..., None]
            log_SMK = -0.5 * z_SMK**2 - np.log(spread_SM)[..., None]
            sides.append(logsumexp(log_SMK + log_weight_S[:, None, None], axis=0))
        found: Array = np.logaddexp(*sides) + math.log(width) - 0.5 * math.log(2 * math.pi)
        return found


@cache
def _own_cells() -> tuple[Array, Array]:
    """Returns places of a standard normal, the closer the nearer 0, and the log of their shares."""
    units = np.linspace(-FAR, FAR, NUM_OWN_CELLS)
    z = np.sinh(units)
    widths = np.cosh(units) * (units[1] - units[0])
    return z, -0.5 * z**2 - 0.5 * math.log(2 * math.pi) + np.log(widths)


def _mixed(predicted_SM: Moments, weights_S: Array) -> Moments:
    """Returns mean and standard deviation over all draws at each place."""
    mean_SM, spread_SM = predicted_SM
    mean_M = weights_S @ mean_SM
    square_M = weights_S @ (spread_SM**2 + (mean_SM - mean_M) ** 2)
    return mean_M, np.sqrt(square_M)

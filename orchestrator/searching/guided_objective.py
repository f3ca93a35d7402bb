"""An objective that is known through its guide: where the guide is likely to come near 0.

    objective = link(|guide|) + rest

The guide and the rest have a Gaussian process each, the link is a curve (`link`). The guide has no
steps and tells the side on which a trial is, so two trials on either side of the best show where
it lies, although their objectives may be the same. The rest is what settings with the same guide
differ by: the shape of a distribution, say, that the guide does not look at.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.searching.expected_improvement import log_improvement
from orchestrator.searching.gaussian_process import Array, Process
from orchestrator.searching.link import fitted

NUM_CELLS = 24
"""Into which the distances from 0 are cut that would be an improvement."""


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

    def log_gain(self, places_MD: Array, best: float) -> Array:
        """Returns the logarithm of the expected improvement over `best` at each place."""
        from scipy.special import logsumexp

        rest_M, spread_M = _moments(self._rest, places_MD)
        reach = self._reach(best - 2 * float(spread_M.max()) - float(rest_M.max()))
        width = reach / NUM_CELLS
        cells_K: Array = (np.arange(NUM_CELLS, dtype=np.float64) + 0.5) * width
        z_MK = (self._link.at(cells_K) + rest_M[:, None] - best) / spread_M[:, None]
        gain_MK = log_improvement(z_MK) + np.log(spread_M)[:, None]
        likely_MK = self._log_share(places_MD, cells_K, width)
        found: Array = logsumexp(gain_MK + likely_MK, axis=1)
        return found

    def _reach(self, worth: float) -> float:
        """Returns the distance within which the objective is worth that much."""
        tried: Array = np.arange(1, 256, dtype=np.float64) * (self._farthest / 255)
        enough = tried[self._link.at(tried) >= worth] if self._farthest > 0 else tried[:0]
        return float(enough.max()) if len(enough) else max(0.01 * self._farthest, 1e-6)

    def _log_share(self, places_MD: Array, cells_K: Array, width: float) -> Array:
        """Returns the logarithm of how likely the guide lies in each cell, on either side of 0."""
        from scipy.special import logsumexp

        mean_SM, spread_SM = self._guide.predict(places_MD)
        spread_SM = np.maximum(spread_SM, width)  # no narrower than what cells can tell
        log_weight_S = np.log(self._guide.weights_S)
        sides = []
        for side in (1.0, -1.0):
            z_SMK = (side * cells_K - mean_SM[..., None]) / spread_SM[..., None]
            log_SMK = -0.5 * z_SMK**2 - np.log(spread_SM)[..., None]
            sides.append(logsumexp(log_SMK + log_weight_S[:, None, None], axis=0))
        found: Array = np.logaddexp(*sides) + math.log(width) - 0.5 * math.log(2 * math.pi)
        return found


def _moments(process: Process, places_MD: Array) -> tuple[Array, Array]:
    """Returns mean and standard deviation over all draws at each place."""
    mean_SM, spread_SM = process.predict(places_MD)
    mean_M = process.weights_S @ mean_SM
    square_M = process.weights_S @ (spread_SM**2 + (mean_SM - mean_M) ** 2)
    return mean_M, np.sqrt(square_M)

"""How much a setting is expected to add to what the front of several objectives dominates.

What a point y adds is what it dominates of the part above the corner that the front does not. That
part is cut into boxes with a lower end l and an upper end u (perhaps infinite), and of each box it
dominates the product over the objectives of (y - l)+ - (y - u)+. The objectives have processes of
their own, so that the expectation of the product is the product of expectations:

    E[added] = sum over boxes of the product over objectives of EI(l) - EI(u)

with EI(t) = E[(y - t)+], the expected improvement over t, whatever the objective is known through.
It counts times how likely every bound is kept (`acquisition`); while nothing is feasible that is
all that counts. The front is that of what is believed of feasible trials.

Source: Emmerich, Deutz and Klinkenberg 2011, Hypervolume-based expected improvement (CEC); Daulton,
Balandat and Bakshy 2020, arXiv 2006.05078.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orchestrator.searching.acquisition import (
    Seen,
    bounds_of,
    kept_places,
    log_feasible,
    objective_of,
)
from orchestrator.searching.gaussian_process import Array

MAX_FRONT = 16
"""Points of the front that are looked at: of more every n-th, in the order of the first objective,
and both ends."""

Box = tuple[tuple[float, ...], tuple[float, ...]]
"""The lower and the upper ends by objective."""


class HypervolumeImprovement:
    """The expected addition to the hypervolume within the bounds, after what was seen."""

    def __init__(self, seen: Seen, is_choice_D: NDArray[np.bool_]) -> None:
        assert len(seen.corner) == len(seen.objectives)
        self._objectives = [objective_of(seen, each, is_choice_D) for each in seen.objectives]
        self._bounds = bounds_of(seen, is_choice_D)
        self._boxes = self._boxes_after(seen)

    def log_at(self, places_MD: Array) -> Array:
        """Returns the logarithm of the expected addition at each place."""
        from scipy.special import logsumexp

        found = log_feasible(self._bounds, places_MD)
        if not self._boxes:
            return found
        log_BM = np.zeros((len(self._boxes), len(places_MD)))
        for i, objective in enumerate(self._objectives):
            sides = [(lower[i], upper[i]) for lower, upper in self._boxes]
            ends = sorted({end for side in sides for end in side if np.isfinite(end)})
            gains = dict(zip(ends, objective.log_gains(places_MD, ends), strict=True))
            log_BM += [_log_between(gains[low], gains.get(high)) for low, high in sides]
        total: Array = found + logsumexp(log_BM, axis=0)
        return total

    def _boxes_after(self, seen: Seen) -> list[Box]:
        """Returns the part that is not dominated yet; empty while nothing is feasible."""
        places = kept_places(seen, self._bounds)
        if not len(places):
            return []
        means = [objective.mean(places).tolist() for objective in self._objectives]
        front = undominated(list(zip(*means, strict=True)), seen.corner)
        return boxes_above(_thinned(front), seen.corner)


def undominated(
    points: Sequence[tuple[float, ...]], corner: Sequence[float]
) -> list[tuple[float, ...]]:
    """Returns the points above the corner that no other is as good as everywhere, each once."""
    inside = sorted({p for p in points if all(a > b for a, b in zip(p, corner, strict=True))})
    kept: list[tuple[float, ...]] = []
    for point in reversed(inside):
        if not any(all(a >= b for a, b in zip(one, point, strict=True)) for one in kept):
            kept.append(point)
    return kept


def boxes_above(front: Sequence[tuple[float, ...]], corner: Sequence[float]) -> list[Box]:
    """Returns boxes that together are all that lies above the corner and under no point.

    They are cut in slices of the last objective, in each of which the points that reach so far are
    a front in one objective less.
    """
    *rest, floor = corner
    if not rest:
        return [((max((point[0] for point in front), default=floor),), (np.inf,))]
    levels = [floor, *sorted({point[-1] for point in front}), np.inf]
    found = []
    for low, high in zip(levels, levels[1:], strict=False):
        reaching = undominated([point[:-1] for point in front if point[-1] >= high], rest)
        for lower, upper in boxes_above(reaching, rest):
            found.append(((*lower, low), (*upper, high)))
    return found


def _thinned(front: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    if len(front) <= MAX_FRONT:
        return list(front)
    return [front[i] for i in np.linspace(0, len(front) - 1, MAX_FRONT).round().astype(int)]


def _log_between(log_low: Array, log_high: Array | None) -> Array:
    """Returns the logarithm of the difference of two expectations, the first of which is larger."""
    if log_high is None:
        return log_low
    share = -np.expm1(np.minimum(log_high - log_low, 0.0))
    found: Array = log_low + np.log(np.maximum(share, 1e-12))
    return found

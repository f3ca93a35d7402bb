"""The first points of a search: spread over the space, since so few drawn at random leave gaps.

A centred Latin hypercube: of n points each parameter takes the middle of each n-th of its range
(on its scale) exactly once. Source: McKay, Beckman and Conover 1979, Technometrics 21(2).
"""

import math
from collections.abc import Mapping

from orchestrator.space import SearchRange


def spread(
    space: Mapping[str, SearchRange], num_points: int, *, seed: int
) -> tuple[dict[str, float | int], ...]:
    """Returns `num_points` points; the seed decides how the parameters' middles are paired."""
    from scipy.stats import qmc

    names = sorted(space)
    hypercube = qmc.LatinHypercube(
        len(names), scramble=False, optimization="random-cd" if len(names) > 1 else None, rng=seed
    )
    units = hypercube.random(num_points)
    return tuple(
        {name: _value(space[name], float(unit)) for name, unit in zip(names, row, strict=True)}
        for row in units
    )


def _value(interval: SearchRange, unit: float) -> float | int:
    """Returns the value at the share `unit` of the interval, on its scale."""
    low, high = interval.low, interval.high
    if interval.log:
        value = math.exp(math.log(low) + unit * (math.log(high) - math.log(low)))
    else:
        value = low + unit * (high - low)
    value = min(max(value, low), high)
    return round(value) if interval.integer else value

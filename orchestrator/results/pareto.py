"""The Pareto front of a few numbers, all of which are to be large, and what it dominates."""

import math
from collections.abc import Sequence

from evals.metric import load_metric

Numbers = tuple[float, ...]


def front(points: Sequence[Numbers]) -> tuple[int, ...]:
    """Returns the indices of the points that no other point dominates, in order.

    A point dominates another if it is at least as large in all and larger in one; so equal
    points stay together. A point with NaN is neither on the front nor dominates anything.
    """
    finite = [i for i, point in enumerate(points) if not any(map(math.isnan, point))]
    kept: list[int] = []
    distinct: list[Numbers] = []
    # Nothing is dominated by what comes after it. Of two numbers the last one kept is the largest
    # in the second, so that what is dominated is found to be at once.
    for i in sorted(finite, key=lambda i: points[i], reverse=True):
        if not any(dominates(other, points[i]) for other in reversed(distinct)):
            kept.append(i)
            if not distinct or points[i] != distinct[-1]:
                distinct.append(points[i])
    return tuple(sorted(kept))


def dominates(one: Numbers, other: Numbers) -> bool:
    """Returns whether one point is at least as large in all and larger in one."""
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))


def hypervolume(points: Sequence[Numbers], corner: Numbers) -> float:
    """Returns the area, or volume, that the points' front dominates above `corner`.

    Only points that are above it in all count; one with NaN never does. Infinite if a point is.
    """
    inside = [p for p in points if all(a > b for a, b in zip(p, corner, strict=True))]
    if len(corner) == 1:
        return max((point[0] for point in inside), default=corner[0]) - corner[0]
    kept = [inside[i] for i in front(inside)]
    volume, floor = 0.0, corner[-1]
    for level in sorted({point[-1] for point in kept}):
        reaching = [point[:-1] for point in kept if point[-1] >= level]
        volume += hypervolume(reaching, corner[:-1]) * (level - floor)
        floor = level
    return volume


def gain(metric: str, value: float) -> float:
    """Returns `value` signed so that more is better, as the metric says."""
    return -value if load_metric(metric).better == "lower" else value

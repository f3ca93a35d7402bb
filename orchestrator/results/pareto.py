"""The Pareto front of two numbers, both of which are to be large."""

import math
from collections.abc import Sequence

from evals.metric import load_metric


def front(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """Returns the indices of the points that no other point dominates, in order.

    A point dominates another if it is at least as large in both and larger in one; so equal
    points stay together. A point with NaN is neither on the front nor dominates anything.
    """
    finite = [i for i, point in enumerate(points) if not any(map(math.isnan, point))]
    kept: list[int] = []
    best_second = -math.inf
    for group in _by_first(points, finite):
        top = max(points[i][1] for i in group)
        if top > best_second or not kept:
            kept.extend(i for i in group if points[i][1] == top)
            best_second = top
    return tuple(sorted(kept))


def hypervolume(points: Sequence[tuple[float, float]], reference: tuple[float, float]) -> float:
    """Returns the area that the points' front dominates above `reference`, its lower left corner.

    Only points that are above it in both count; one with NaN never does. Infinite if a point is.
    """
    inside = [p for p in points if p[0] > reference[0] and p[1] > reference[1]]
    steps = sorted({inside[i] for i in front(inside)}, reverse=True)
    area, floor = 0.0, reference[1]
    for first, second in steps:
        area += (first - reference[0]) * (second - floor)
        floor = second
    return area


def gain(metric: str, value: float) -> float:
    """Returns `value` signed so that more is better, as the metric says."""
    return -value if load_metric(metric).better == "lower" else value


def _by_first(points: Sequence[tuple[float, float]], indices: Sequence[int]) -> list[list[int]]:
    """Returns the indices in groups of equal first coordinate, the largest first."""
    groups: dict[float, list[int]] = {}
    for i in indices:
        groups.setdefault(points[i][0], []).append(i)
    return [groups[first] for first in sorted(groups, reverse=True)]

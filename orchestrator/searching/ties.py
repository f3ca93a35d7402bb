"""Equal objectives set apart by how far each is from the best, for what only knows numbers."""

from collections.abc import Sequence

SHARE = 0.5
"""Of the distance to the next lower objective that equal ones are spread over."""


def apart(values: Sequence[float], distances: Sequence[float | None]) -> list[float]:
    """Returns `values`, of which more is better, in an order without ties wherever it can be told.

    Of equal ones that with the smallest distance keeps its value; the others come below, in their
    order, and above all that were lower before. One without a distance comes last.
    """
    found = list(values)
    levels = sorted(set(values))
    for lower, level in zip([None, *levels], levels, strict=False):
        equal = [i for i, value in enumerate(values) if value == level]
        gap = 1.0 if lower is None else level - lower
        far = sorted({_far(distances[i]) for i in equal})
        for i in equal:
            found[i] = level - SHARE * gap * far.index(_far(distances[i])) / len(far)
    return found


def _far(distance: float | None) -> float:
    return float("inf") if distance is None else distance

"""The floor that a trial must stay above: its value, and how far below it a trial lies."""

import math
from collections.abc import Mapping

from orchestrator.config import Floor


def floor_value(floor: Floor, original_metrics: Mapping[str, float]) -> float:
    """Returns the floor as a number: `value`, or that fraction of the original model's metric.

    Raises:
        ValueError: the floor is relative and the original's metric is not finite.
    """
    if floor.relative_to == "absolute":
        return floor.value
    original = original_metrics[floor.metric]
    if not math.isfinite(original):
        raise ValueError(f"the original model's {floor.metric} is {original}: no floor follows")
    return floor.value * original


def violation(floor: float, measured: float) -> float:
    """Returns floor - measured, in the metric's units: <= 0 is feasible.

    Raises:
        ValueError: either is NaN, which is neither feasible nor infeasible.
    """
    missed = floor - measured
    if math.isnan(missed):
        raise ValueError(f"a floor of {floor} and a measurement of {measured} cannot be compared")
    return missed


def is_feasible(floor: float, measured: float) -> bool:
    """Returns whether `measured` is at least `floor`; NaN raises ValueError."""
    return violation(floor, measured) <= 0

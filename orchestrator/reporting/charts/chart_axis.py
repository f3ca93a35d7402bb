"""An axis of a chart: how far it reaches, on which scale, and where it has ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

COMPRESSED_BEYOND = 50.0
"""Values larger than this in size get an axis that is logarithmic away from [-1, 1]."""
LINEAR_WITHIN = 1.0
LINEAR_SHARE = 0.6
"""Length of [0, 1] on such an axis, as a multiple of a decade's nine tenths."""

Scale = Literal["linear", "log", "symlog"]


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis' limits; `ticks` are given where it is logarithmic away from [-1, 1], else None.

    On a logarithmic one 0 stands at `zero_at`, a decade below the smallest value, if it is there.
    """

    low: float
    high: float
    ticks: tuple[float, ...] | None = None
    scale: Scale = "linear"
    zero_at: float | None = None

    def place(self, value: float) -> float:
        """Returns where a value of 0 or more stands, in the axis' own units."""
        return value if value > 0 or self.zero_at is None else self.zero_at


def linear_axis(values: Sequence[float]) -> Axis:
    """Returns an axis with some room around the values."""
    low, high = min(values), max(values)
    room = 0.07 * (high - low) or max(0.05 * abs(high), 0.05)
    return Axis(low - room, high + room)


def log_axis(values: Sequence[float]) -> Axis:
    """Returns a logarithmic axis with some room around the values, which are above 0."""
    around = linear_axis([math.log10(value) for value in values])
    return Axis(10**around.low, 10**around.high, scale="log")


def parameter_axis(values: Sequence[float]) -> Axis:
    """Returns a logarithmic axis for values of 0 or more; a linear one where none is above 0."""
    above = [value for value in values if value > 0]
    if not above:
        return linear_axis(values or [0.0])
    if len(above) == len(values):
        return log_axis(values)
    zero_at = min(above) / 10
    return replace(log_axis([zero_at, *above]), zero_at=zero_at)


def objective_axis(values: Sequence[float]) -> Axis:
    """Returns a linear axis, or a compressed one where the values reach far: log p to -400."""
    low, high = min(values), max(values)
    if max(-low, high) <= COMPRESSED_BEYOND:
        return linear_axis(values)
    bottom = low * 1.7 if low < -1 else min(low, 0.0) - 0.4
    top = high * 1.7 if high > 1 else max(high, 0.0) + 0.4
    decades = range(math.ceil(math.log10(max(-bottom, top))))
    sizes = [base * 10.0**decade for decade in decades for base in (1, 3)]
    ticks = sorted([0.0, *sizes, *(-size for size in sizes)])
    return Axis(bottom, top, tuple(tick for tick in ticks if bottom <= tick <= top), "symlog")


def log_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Returns from two to `most` round values on a logarithmic axis; both ends are above 0.

    They are 1, 2 and 5 of every decade, where that is too many 1 and 3, or powers of ten, of which
    some are left out over many decades; between two neighbours of these they are at even steps.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for bases in ((1, 2, 5), (1, 3), (1,)):
        found = [base * 10.0**decade for decade in decades for base in bases]
        inside = [tick for tick in found if low <= tick <= high]
        if 2 <= len(inside) <= most:
            return tuple(inside)
    if len(inside) > most:
        every = math.ceil(len(inside) / most)
        return tuple(inside[::-every][::-1])
    return _even_ticks(low, high, most)


def _even_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Returns at most so many round values at even steps; the ends where there is but one."""
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (power * size for size in (1, 2, 5, 10, 20)):
        first, last = math.ceil(low / step), math.floor(high / step)
        if last - first < most:
            found = tuple(i * step for i in range(first, last + 1))
            return found if len(found) > 1 else (low, high)
    return low, high

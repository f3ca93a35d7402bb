"""A number that some items tell of, and how sure that is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """`value`, with its standard error over items; NaN where that is not known."""

    value: float
    error: float

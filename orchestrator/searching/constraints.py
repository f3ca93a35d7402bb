"""What a trial must keep to: bounds as numbers, and by how much a measurement misses them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import model_validator

from evals.choice import Settings
from evals.errors import FieldError

AT_LEAST, AT_MOST = "at_least", "at_most"

SIGNS = {AT_LEAST: ">=", AT_MOST: "<="}


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of a constraint: `metric` is to be at least, or at most, `value`.

    `origin` says where the number comes from, "0.9 x the original's"; empty if it was given.
    `times` is how many times the original's it is; 0 where it comes from elsewhere.
    """

    metric: str
    side: str
    value: float
    origin: str = ""
    times: float = 0.0

    @property
    def name(self) -> str:
        """The bound's name in studies and records, "retain.at_least"."""
        return f"{self.metric}.{self.side}"

    @property
    def sign(self) -> str:
        """How the bound is written before its value."""
        return SIGNS[self.side]

    def violation(self, measured: float) -> float:
        """Returns how far `measured` is beyond the bound, in the metric's units: <= 0 keeps it.

        Raises:
            ValueError: either is NaN, which neither keeps nor breaks the bound.
        """
        missed = self.value - measured if self.side == AT_LEAST else measured - self.value
        if math.isnan(missed):
            raise ValueError(f"{measured} and {self.metric} {self.sign} {self.value} say nothing")
        return missed

    def share(self, violation: float) -> float:
        """Returns the violation as a share of the bound's size; of 1 where the bound is 0."""
        return violation / (abs(self.value) or 1.0)


class Constraint(Settings):
    """A floor (`at_least`) or a ceiling (`at_most`) on a metric; both make a band.

    Relative to a baseline, the two are multiples of what the original or the gold model measured.
    """

    at_least: float | None = None
    at_most: float | None = None
    relative_to: Literal["original", "gold", "absolute"] = "original"

    @property
    def sides(self) -> dict[str, float]:
        """The sides that are given, by their name here."""
        both = {"at_least": self.at_least, "at_most": self.at_most}
        return {side: value for side, value in both.items() if value is not None}

    @model_validator(mode="after")
    def _bounds_something(self) -> "Constraint":
        if not self.sides:
            raise FieldError("at_least must be given but is missing, as is at_most; give one")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise FieldError(
                f"at_least must be at most at_most ({self.at_most:g}) but got {self.at_least:g}; "
                "swap the two"
            )
        return self


def bound_names(constraints: Mapping[str, Constraint]) -> tuple[str, ...]:
    """Returns the names of the bounds that follow from the constraints, in order."""
    return tuple(
        f"{metric}.{side}" for metric, found in constraints.items() for side in found.sides
    )


def bounds_of(
    constraints: Mapping[str, Constraint],
    *,
    original: Mapping[str, float],
    gold: Mapping[str, float],
) -> tuple[Bound, ...]:
    """Returns the bounds as numbers, given what the baselines measured.

    Raises:
        ValueError: a bound is relative to a baseline whose metric is not finite.
    """
    baselines = {"original": original, "gold": gold}
    found = []
    for metric, constraint in constraints.items():
        for side, value in constraint.sides.items():
            if constraint.relative_to == "absolute":
                found.append(Bound(metric, side, value))
                continue
            unit = baselines[constraint.relative_to][metric]
            if not math.isfinite(unit):
                raise ValueError(
                    f"the {constraint.relative_to} model's {metric} is {unit}: no bound follows"
                )
            origin = f"{value:g} x the {constraint.relative_to}'s"
            times = value if constraint.relative_to == "original" else 0.0
            found.append(Bound(metric, side, value * unit, origin, times))
    return tuple(found)


def violations(bounds: Iterable[Bound], metrics: Mapping[str, float]) -> dict[str, float]:
    """Returns by how much each bound is missed, by the bound's name; NaN raises ValueError."""
    return {bound.name: bound.violation(metrics[bound.metric]) for bound in bounds}


def is_feasible(missed: Mapping[str, float]) -> bool:
    """Returns whether no bound is missed; without bounds everything is feasible."""
    return all(value <= 0 for value in missed.values())


def distance(bounds: Sequence[Bound], missed: Mapping[str, float]) -> float:
    """Returns the largest violation as a share of its bound's size; 0 without bounds."""
    return max((bound.share(missed[bound.name]) for bound in bounds), default=0.0)


def said(bound: Bound) -> str:
    """Returns the bound for people, "retain >= 0.6821 (0.9 x the original's)"."""
    origin = f" ({bound.origin})" if bound.origin else ""
    return f"{bound.metric} {bound.sign} {bound.value:.4g}{origin}"

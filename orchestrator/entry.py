"""A finished job's place in its sweep, and the two baselines that every other is held against."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.records import Result


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished job of the sweep, and what it means there.

    `label` is the method's label, or the phase of a baseline; `violation` is the distance below
    the floor (<= 0 is feasible), None for baselines and failures. `cached` says that the result
    was found in storage.
    """

    label: str
    result: Result
    number: int | None = None
    params: Mapping[str, float | int | str] | None = None
    violation: float | None = None
    cached: bool = False

    @property
    def feasible(self) -> bool:
        """Whether the floor is respected; a failed job never is."""
        return self.violation is not None and self.violation <= 0


@dataclass(frozen=True, slots=True)
class Reference:
    """What the baselines measured, and the floor that follows from it."""

    original: Result
    gold: Result
    floor: float

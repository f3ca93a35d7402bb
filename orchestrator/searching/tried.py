"""A trial of a study as its sampling needs to know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from orchestrator.searching.signals import NO_SIGNALS, Signals
from orchestrator.searching.space import Value


class Ending(Enum):
    """How far a trial has come, as a sampler needs to know it."""

    RUNNING = auto()
    MEASURED = auto()
    COLLAPSED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial of a study: `number` is None for one of another sweep.

    `value` is what Optuna is told of the objective; `violations` are by bound.
    """

    number: int | None
    params: Mapping[str, Value]
    ending: Ending
    value: float = 0.0
    violations: Mapping[str, float] = field(default_factory=dict)
    signals: Signals = NO_SIGNALS

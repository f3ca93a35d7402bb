"""What a search is told of a trial beside its objective and by how much it misses each bound."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Further:
    """What a search is told of an objective after the first: as `Signals` has it of that one."""

    value: float
    guide: float | None = None
    guide_error: float = 0.0
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class Signals:
    """How far the trial is from where its objective is best, and how sure all of that is.

    `guide` is signed and 0 at the best (`evals.metric.Metric.guide`); None where the objective has
    none. The errors are standard errors: of the guide, of the objective, and of each bound's
    violation by the bound's name; 0, or no entry, where one is not known. `idle` says that the
    trial did next to nothing: its model did not move, or forgot nothing to speak of. `further` are
    the objectives after the first.
    """

    guide: float | None = None
    guide_error: float = 0.0
    objective_error: float = 0.0
    violation_errors: Mapping[str, float] = field(default_factory=dict)
    idle: bool = False
    further: tuple[Further, ...] = ()


NO_SIGNALS = Signals()


def recorded(signals: Signals) -> dict[str, Any]:
    """Returns the signals as JSON that `read` understands; empty where there are none."""
    if signals == NO_SIGNALS:
        return {}
    record = asdict(signals)
    return record if signals.further else {k: v for k, v in record.items() if k != "further"}


def read(record: Mapping[str, Any]) -> Signals:
    """Returns the signals of a record; none of one that was made before there were any."""
    further = tuple(Further(**each) for each in record.get("further", ()))
    return Signals(**{**record, "further": further})


def known(value: float | None) -> float:
    """Returns a standard error that is known, else 0."""
    return value if value is not None and math.isfinite(value) else 0.0

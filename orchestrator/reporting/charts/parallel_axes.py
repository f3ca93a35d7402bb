"""Parallel coordinates of a sweep: hyperparameters and metrics, an upright axis for each."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.metric import Aspect, load_metric
from orchestrator.reporting.charts.chart_axis import parameter_axis
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import is_measured, is_trial
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.shared_parameters import SHARED, own_part, shared_values

MAX_FURTHER = 5
"""Hyperparameters beside lr and L1 that are shown: those that most trials have."""

Value = float | int | str | None


@dataclass(frozen=True, slots=True)
class Coordinate:
    """An axis: `values` has one for each trial, None where it has none.

    `choices` are the values of one that has no order, from the bottom up; empty for numbers. On a
    logarithmic one 0 stands at `zero_at`, a decade below the smallest value, if it is there.
    """

    name: str
    values: tuple[Value, ...]
    choices: tuple[str, ...] = ()
    log: bool = False
    is_metric: bool = False
    zero_at: float | None = None

    @property
    def shares(self) -> tuple[float | None, ...]:
        """Where the trials lie on it: 0 is its lower end, 1 its upper."""
        if self.choices:
            last = max(1, len(self.choices) - 1)
            return tuple(
                None if v is None else self.choices.index(str(v)) / last for v in self.values
            )
        numbers = [None if v is None else self._scaled(float(v)) for v in self.values]
        there = [number for number in numbers if number is not None]
        low, high = (min(there), max(there)) if there else (0.0, 0.0)
        width = high - low
        return tuple(n if n is None else (n - low) / width if width else 0.5 for n in numbers)

    @property
    def ends(self) -> tuple[Value, Value]:
        """Its lowest and its highest value."""
        if self.choices:
            return self.choices[0], self.choices[-1]
        there = [float(value) for value in self.values if value is not None]
        return (min(there), max(there)) if there else (None, None)

    def _scaled(self, value: float) -> float:
        if not self.log:
            return value
        return math.log10(value if value > 0 or self.zero_at is None else self.zero_at)


def measured_trials(entries: Sequence[Entry]) -> list[Entry]:
    """Returns the trials that are shown: those that were measured."""
    return [entry for entry in entries if is_trial(entry) and is_measured(entry)]


def coordinates_of(trials: Sequence[Entry], search: SearchSettings) -> list[Coordinate]:
    """Returns learning rate, L1, what else was searched, the constrained metrics, the objective."""
    shared = [shared_values(entry.result.job.training) for entry in trials]
    coordinates = [
        _coordinate(SHARED[name].heading, [one[name] for one in shared]) for name in SHARED
    ]
    for name in _further(trials):
        coordinates.append(_coordinate(name, [(entry.params or {}).get(name) for entry in trials]))
    for name in _metrics(trials, search):
        values = [_finite(entry.result.metrics.get(name)) for entry in trials]
        coordinates.append(Coordinate(name, tuple(values), is_metric=True))
    return coordinates


def _coordinate(name: str, values: Sequence[Value]) -> Coordinate:
    there = [value for value in values if value is not None]
    if any(isinstance(value, str | bool) for value in there):
        choices = tuple(sorted({str(value) for value in there}))
        return Coordinate(name, tuple(values), choices)
    numbers = [float(value) for value in there]
    above = [number for number in numbers if number > 0]
    if not above or min(numbers) < 0 or max(above) / min(above) <= 10:
        return Coordinate(name, tuple(values))
    axis = parameter_axis(numbers)
    return Coordinate(name, tuple(values), log=True, zero_at=axis.zero_at)


def _further(trials: Iterable[Entry]) -> list[str]:
    counts: dict[str, int] = {}
    for entry in trials:
        for name in own_part(entry.params or {}):
            counts[name] = counts.get(name, 0) + 1
    kept = sorted(counts, key=lambda name: -counts[name])[:MAX_FURTHER]
    return [name for name in counts if name in kept]


def _metrics(trials: Sequence[Entry], search: SearchSettings) -> list[str]:
    measured = list(dict.fromkeys(name for entry in trials for name in entry.result.metrics))
    kept, left = (_summing_up(measured, aspect) for aspect in (Aspect.REAL, Aspect.FORGET))
    wanted = [*kept, search.horizontal, *search.constraints, *left, *search.objectives]
    named = dict.fromkeys(name for name in wanted if name in measured and name != search.primary)
    return [*named, search.primary]


def _summing_up(names: Iterable[str], aspect: Aspect) -> list[str]:
    return [name for name in names if load_metric(name).sums_up == aspect]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None

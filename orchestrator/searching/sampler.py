"""What a method tries next, given what it has tried: first points, a start, then a sampler.

Nothing here is remembered between two suggestions, so a search that is resumed goes on as if it
had never stopped. What learns gets a *view* of the trials, made anew each time, ordered by number.
It differs from the record in these ways:

- A trial that collapsed (its model was destroyed: a metric that is NaN, say) has no numbers to
  learn from, and would be tried again and again if it were left out. In the view it breaks every
  bound as far as any trial did, with a middling objective, which tells where not to look and
  nothing of how good the objective could be.
- The Gaussian process sees a parameter that is not active at the middle of its range, so that
  every trial has all of them. The tree estimator looks at each parameter alone and needs no such
  thing.
- The tree estimator sees equal objectives apart, the one with the better guide before the other.
- The Gaussian process sees `MAX_SEEN` finished trials at the most, as its cost grows with the
  cube of their number: the best half of them in feasible objective, or nearness to it, and the
  latest.

The Gaussian process is Lethe's own (`proposing`); the other samplers are Optuna's.
"""

import hashlib
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.searching.acquisition import Seen
from orchestrator.searching.distributions import distributions, draw
from orchestrator.searching.grid import planned_grid
from orchestrator.searching.maximise_acquisition import propose
from orchestrator.searching.settings import Direction, SearchSettings
from orchestrator.searching.signals import NO_SIGNALS, Signals
from orchestrator.searching.space import Point, Space, Value, holds, typed
from orchestrator.searching.startup_points import spread
from orchestrator.searching.ties import apart
from orchestrator.searching.unit_cube import Cube

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

MAX_SEEN = 200


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


class Sampling:
    """Suggests points of `space`; `name` and `seed` are all that its dice depend on."""

    def __init__(self, name: str, *, space: Space, settings: SearchSettings, seed: int) -> None:
        self._name = name
        self._space = space
        self._settings = settings
        self._seed = seed
        self._first = tuple(typed(space, point) for point in settings.first)
        self._start = self._starting_points()
        self._grid = self._grid_points()

    def num_left(self, own: Sequence[Tried]) -> int:
        """Returns how many trials may follow the search's `own`: of the budget, or of the grid."""
        budget = max(0, self._settings.trials - len(own))
        if self._settings.sampler != "grid":
            return budget
        return min(budget, len(self._first[len(own) :]) + len(self._untried(own)))

    def point(self, number: int, tried: Sequence[Tried]) -> dict[str, Value]:
        """Returns what trial `number` shall try."""
        if number < len(self._first):
            return self._completed(self._first[number], number, tried)
        if self._settings.sampler == "grid":
            return self._untried(tried)[0]
        num_known = sum(trial.number is None for trial in tried)
        start = self._start[num_known:]
        if number - len(self._first) < len(start):
            return start[number - len(self._first)]
        return self._completed({}, number, tried)

    def _untried(self, tried: Sequence[Tried]) -> list[dict[str, Value]]:
        """Returns the grid's points that were not tried yet."""
        own = [trial.params for trial in tried if trial.number is not None]
        return [point for point in self._grid if point not in own]

    def _completed(self, part: Point, number: int, tried: Sequence[Tried]) -> dict[str, Value]:
        """Returns `part` with the sampler's values for the rest."""
        if holds(self._space, part):
            return dict(part)
        measured = any(trial.ending is Ending.MEASURED for trial in tried)
        if self._settings.sampler == "gp" and measured:
            seen, cube = self._seen(tried), Cube(self._space)
            return propose(seen, cube=cube, part=part, seed=self._dice(number))
        study = self._view(tried)
        study.sampler = self._sampler(number)
        study.enqueue_trial(dict(part))
        return draw(study.ask(), self._space)

    def _seen(self, tried: Sequence[Tried]) -> Seen:
        """Returns the trials as the Gaussian process shall see them."""
        trials = _capped(_without_collapse(_ordered(tried)), self._settings.direction)
        done = [trial for trial in trials if trial.ending is Ending.MEASURED]
        running = [trial for trial in trials if trial.ending is Ending.RUNNING]
        sign = 1 if self._settings.direction == "maximize" else -1
        cube, bounds = Cube(self._space), tuple(done[0].violations)
        missed = [[trial.violations[name] for name in bounds] for trial in done]
        return Seen(
            points_ND=cube.places([trial.params for trial in done]),
            values_N=np.array([sign * trial.value for trial in done], dtype=float),
            violations_NC=np.array(missed, dtype=float),
            running_RD=cube.places([trial.params for trial in running]),
        )

    def _view(self, tried: Sequence[Tried]) -> "Study":
        """Returns the trials as a sampler of Optuna's shall see them."""
        import optuna

        study = optuna.create_study(direction=self._settings.direction)
        shapes = distributions(self._space)
        seen = _without_collapse(_ordered(tried)) if self._learns else []
        for trial in _untied(seen, self._settings.direction):
            study.add_trial(_frozen(trial, {name: shapes[name] for name in trial.params}))
        return study

    @property
    def _learns(self) -> bool:
        return self._settings.sampler in ("gp", "tpe")

    def _starting_points(self) -> tuple[dict[str, Value], ...]:
        """Returns what a sampler that learns is started with; the others need no start."""
        if not self._learns:
            return ()
        return spread(self._space, self._settings.startup_trials, seed=self._dice("start"))

    def _grid_points(self) -> tuple[dict[str, Value], ...]:
        if self._settings.sampler != "grid":
            return ()
        return planned_grid(self._space, self._settings, seed=self._dice("grid"))

    def _sampler(self, number: int) -> "BaseSampler":
        """Returns a fresh sampler for one trial."""
        from optuna import samplers

        seed, startup = self._dice(number), self._settings.startup_trials
        if self._settings.sampler == "tpe":
            return samplers.TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True)
        return samplers.RandomSampler(seed=seed)

    def _dice(self, purpose: object) -> int:
        text = f"{self._seed}/{self._name}/{purpose}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])


def _ordered(tried: Sequence[Tried]) -> list[Tried]:
    return sorted(tried, key=lambda trial: -1 if trial.number is None else trial.number)


def _frozen(trial: Tried, shapes: "Mapping[str, BaseDistribution]") -> "FrozenTrial":
    from optuna.trial import TrialState, create_trial

    measured = trial.ending is Ending.MEASURED
    return create_trial(
        state=TrialState.COMPLETE if measured else TrialState.RUNNING,
        params=dict(trial.params),
        distributions=dict(shapes),
        value=trial.value if measured else None,
        constraints=dict(trial.violations) if measured else None,
    )


def _without_collapse(tried: Sequence[Tried]) -> list[Tried]:
    """Returns what was measured or runs, and what collapsed as measurements that broke all."""
    measured = [trial for trial in tried if trial.ending is Ending.MEASURED]
    if not any(trial.violations for trial in measured):
        return [t for t in tried if t.ending in (Ending.MEASURED, Ending.RUNNING)]
    middle = statistics.median(trial.value for trial in measured)
    columns = {name: [t.violations[name] for t in measured] for name in measured[0].violations}
    worst = {name: max(of) if max(of) > 0 else -min(of) for name, of in columns.items()}
    return [
        replace(trial, ending=Ending.MEASURED, value=middle, violations=worst)
        if trial.ending is Ending.COLLAPSED
        else trial
        for trial in tried
        if trial.ending is not Ending.FAILED
    ]


def _untied(seen: Sequence[Tried], direction: Direction) -> list[Tried]:
    """Returns the trials with equal objectives set apart by their guides."""
    guides = [None if t.signals.guide is None else abs(t.signals.guide) for t in seen]
    done = [i for i, trial in enumerate(seen) if trial.ending is Ending.MEASURED]
    sign = 1 if direction == "maximize" else -1
    values = apart([sign * seen[i].value for i in done], [guides[i] for i in done])
    found = list(seen)
    for i, value in zip(done, values, strict=True):
        found[i] = replace(seen[i], value=sign * value)
    return found


def _capped(seen: Sequence[Tried], direction: Direction) -> list[Tried]:
    """Returns all that run, and of the others the best half of `MAX_SEEN` and the latest."""
    done = [trial for trial in seen if trial.ending is Ending.MEASURED]
    if len(done) <= MAX_SEEN:
        return list(seen)
    sign = 1 if direction == "maximize" else -1

    def rank(index: int) -> tuple[float, float]:
        trial = done[index]
        missed = max(0.0, *trial.violations.values()) if trial.violations else 0.0
        return missed, -sign * trial.value

    best = sorted(range(len(done)), key=rank)[: MAX_SEEN // 2]
    rest = [index for index in range(len(done)) if index not in set(best)]
    kept = {*best, *rest[len(best) - MAX_SEEN :]}
    running = [trial for trial in seen if trial.ending is Ending.RUNNING]
    return [done[index] for index in sorted(kept)] + running

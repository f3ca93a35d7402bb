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
- The tree estimator, which looks for the front of several objectives as Optuna has it, sees equal
  objectives apart, the one with the better guide before the other.
- The Gaussian process sees `MAX_SEEN` finished trials at the most, as its cost grows with the
  cube of their number: the best half of them in feasible objective (of several: by how many
  others are better in all), or nearness to it, and the latest.

The Gaussian process is Lethe's own (`proposing`); the other samplers are Optuna's.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.searching.distributions import distributions, draw
from orchestrator.searching.grid import planned_grid
from orchestrator.searching.idle_corner import is_known_idle
from orchestrator.searching.known_outcomes import KnownOutcomes
from orchestrator.searching.maximise_acquisition import propose
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import Point, Space, Value, holds, typed
from orchestrator.searching.startup_points import spread
from orchestrator.searching.tried import Ending, Tried
from orchestrator.searching.unit_cube import Cube
from orchestrator.searching.view import frozen, seen_by_estimator, seen_by_process

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler


class Sampling:
    """Suggests points of `space`; `name` and `seed` are all that its dice depend on."""

    def __init__(self, name: str, *, space: Space, settings: SearchSettings, seed: int) -> None:
        self._name = name
        self._space = space
        self._settings = settings
        self._seed = seed
        self._corner: tuple[float, ...] = ()
        self._first = tuple(typed(space, point) for point in settings.first)
        self._start = self._starting_points()
        self._grid = self._grid_points()

    def aim(self, corner: Sequence[float]) -> None:
        """Says where each objective begins to count."""
        self._corner = tuple(corner)

    def num_left(self, own: Sequence[Tried], *, trials: int, by_hand: int = 0) -> int:
        """Returns how many may follow the search's `own`: up to `trials`, or of the grid.

        So many of its own as `by_hand` says were not suggested here.
        """
        budget = max(0, trials - len(own))
        if self._settings.sampler != "grid":
            return budget
        return min(budget, len(self._first[len(own) - by_hand :]) + len(self._untried(own)))

    def point(self, number: int, tried: Sequence[Tried]) -> dict[str, Value]:
        """Returns what trial `number`, counted among those suggested here, shall try."""
        if number < len(self._first):
            return self.completed(self._first[number], number, tried)
        if self._settings.sampler == "grid":
            return self._untried(tried)[0]
        num_known = sum(trial.number is None for trial in tried)
        start = self._start[num_known:]
        if number - len(self._first) < len(start):
            point = start[number - len(self._first)]
            if not is_known_idle(point, tried, self._space):
                return point
        return self.completed({}, number, tried)

    def completed(self, part: Point, number: int, tried: Sequence[Tried]) -> dict[str, Value]:
        """Returns `part` with the sampler's values for the rest, as trial `number` has them."""
        if holds(self._space, part):
            return dict(part)
        measured = any(trial.ending is Ending.MEASURED for trial in tried)
        if self._settings.sampler == "gp" and measured:
            cube = Cube(self._space)
            seen = seen_by_process(tried, self._settings, cube, self._corner)
            known = KnownOutcomes(tried, self._space)
            return propose(seen, cube=cube, part=part, seed=self._dice(number), known=known)
        study = self._view(tried)
        study.sampler = self._sampler(number)
        study.enqueue_trial(dict(part))
        return draw(study.ask(), self._space)

    def _untried(self, tried: Sequence[Tried]) -> list[dict[str, Value]]:
        """Returns the grid's points that were not tried yet."""
        own = [trial.params for trial in tried if trial.number is not None]
        return [point for point in self._grid if point not in own]

    def _view(self, tried: Sequence[Tried]) -> "Study":
        """Returns the trials as a sampler of Optuna's shall see them."""
        import optuna

        study = optuna.create_study(directions=list(self._settings.directions))
        shapes = distributions(self._space)
        seen = seen_by_estimator(tried, self._settings.directions) if self._learns else []
        for trial in seen:
            study.add_trial(frozen(trial, {name: shapes[name] for name in trial.params}))
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

"""How much better than the best so far a setting may be, and how likely it keeps every bound.

    log E[max(0, y - best)] + sum over bounds of log P(violation <= -z sigma)

The first term is left out while nothing is feasible; for several objectives it is another one
(`hypervolume_improvement`). Violations have a Gaussian process each, and
so has the objective, or what it is known through (`guided_objective`). sigma is what one more
training under another seed, scored on other items, differs by, and z the quantile of the
probability with which it shall keep the bound: what only just kept it once is not good enough.
Where nothing is known of noise the bound itself counts. Shapes as in `process`, C bounds.

Source: Gardner et al. 2014, Bayesian Optimization with Inequality Constraints (ICML); the
logarithm, which has a slope where the value itself is 0: Ament et al. 2023, arXiv 2310.20708.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.searching.bound_process import BoundProcess
from orchestrator.searching.expected_improvement import averaged, log_improvement
from orchestrator.searching.gaussian_process import Array, Process
from orchestrator.searching.guided_objective import GuidedObjective, Guides


@dataclass(frozen=True, slots=True)
class SeenObjective:
    """An objective of trials, of which more is better; errors as in `Seen`."""

    values_N: Array
    errors_N: Array | None = None
    guides: Guides | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Trials as places in the unit cube; of the objective more is better.

    Errors are standard errors that are known, 0 where one is not; with None there are none.
    `probability` is how likely a bound is to be kept once more. `further` are the objectives after
    the first, and `corner` is where each begins to count, if there are any.
    """

    points_ND: Array
    values_N: Array
    violations_NC: Array
    running_RD: Array
    value_errors_N: Array | None = None
    violation_errors_NC: Array | None = None
    guides: Guides | None = None
    probability: float = 0.5
    further: tuple[SeenObjective, ...] = ()
    corner: tuple[float, ...] = ()

    @property
    def objectives(self) -> tuple[SeenObjective, ...]:
        """All objectives, the first one first."""
        return SeenObjective(self.values_N, self.value_errors_N, self.guides), *self.further

    @property
    def is_feasible(self) -> NDArray[np.bool_]:
        """Which trials keep every bound."""
        return np.asarray(np.all(self.violations_NC <= 0, axis=1))


class Acquisition(Protocol):
    """How much it is worth to try a setting next."""

    def log_at(self, places_MD: Array) -> Array:
        """Returns the logarithm of that at each place."""
        ...


class Improvement:
    """The expected improvement within the bounds, after what was seen."""

    def __init__(self, seen: Seen, is_choice_D: NDArray[np.bool_]) -> None:
        self._objective = objective_of(seen, seen.objectives[0], is_choice_D)
        self._bounds = bounds_of(seen, is_choice_D)
        self._best = self._best_of(seen)

    def log_at(self, places_MD: Array) -> Array:
        """Returns the logarithm of the expected improvement at each place."""
        found = log_feasible(self._bounds, places_MD)
        if self._best is None:
            return found
        return found + self._objective.log_gains(places_MD, [self._best])[0]

    def _best_of(self, seen: Seen) -> float | None:
        """Returns the best feasible value as it is believed to be, without its noise."""
        places = kept_places(seen, self._bounds)
        return float(self._objective.mean(places).max()) if len(places) else None


class PlainObjective:
    """An objective that is known by its values alone."""

    def __init__(self, process: Process) -> None:
        self.mean = process.mean
        self._process = process

    def log_gains(self, places_MD: Array, bests: Sequence[float]) -> list[Array]:
        """Returns the logarithm of the expected improvement over each of `bests` at each place."""
        mean, spread = self._process.predict(places_MD)
        return [
            averaged(
                log_improvement((mean - best) / spread) + np.log(spread), self._process.weights_S
            )
            for best in bests
        ]


def kept_places(seen: Seen, bounds: Sequence[BoundProcess]) -> Array:
    """Returns where trials keep every bound, and would again, and running ones as is believed."""
    keeps = seen.is_feasible
    for bound in bounds:
        keeps &= bound.is_kept_again(seen.points_ND)
    kept = [seen.points_ND[keeps]]
    if len(seen.running_RD):
        keeps = np.ones(len(seen.running_RD), dtype=bool)
        for bound in bounds:
            keeps &= bound.is_kept(seen.running_RD)
        kept.append(seen.running_RD[keeps])
    return np.concatenate(kept)


def log_feasible(bounds: Sequence[BoundProcess], places_MD: Array) -> Array:
    """Returns the logarithm of how likely each place keeps every bound again."""
    found = np.zeros(len(places_MD))
    for bound in bounds:
        found += bound.log_kept(places_MD)
    return found


def bounds_of(seen: Seen, is_choice_D: NDArray[np.bool_]) -> list[BoundProcess]:
    """Returns what was seen of each bound."""
    errors_NC = seen.violation_errors_NC
    if errors_NC is None:
        errors_NC = np.zeros_like(seen.violations_NC)
    return [
        BoundProcess(
            seen.points_ND,
            violations_N,
            errors_N=errors_N,
            running_RD=seen.running_RD,
            is_choice_D=is_choice_D,
            probability=seen.probability,
        )
        for violations_N, errors_N in zip(seen.violations_NC.T, errors_NC.T, strict=True)
    ]


def objective_of(
    seen: Seen, objective: SeenObjective, is_choice_D: NDArray[np.bool_]
) -> GuidedObjective | PlainObjective:
    """Returns what was seen of an objective: through its guide, where it has one."""
    running, guides = seen.running_RD, objective.guides
    if guides is None:
        process = Process(
            seen.points_ND,
            objective.values_N,
            running_RD=running,
            is_choice_D=is_choice_D,
            errors_N=objective.errors_N,
        )
        return PlainObjective(process)
    return GuidedObjective(
        seen.points_ND,
        objective.values_N,
        guides,
        running_RD=running,
        is_choice_D=is_choice_D,
    )

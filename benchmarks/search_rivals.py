"""What is compared: Lethe's search, and what people do instead.

Random search and the grid are Lethe's own, shuffled by seed. The tree-structured Parzen estimators
are Optuna's with its defaults: one never hears of the bounds, one has what they are missed by taken
off its objective, and one is told them as constraints. So is Optuna's Gaussian process.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Protocol

import numpy as np
import optuna
from optuna import samplers
from search_surfaces import SPACE, Measures, Surface

from orchestrator.config.finalists import FinalistSettings
from orchestrator.results.signals import IDLE_SHARE
from orchestrator.searching.belief import beliefs, worths
from orchestrator.searching.constraints import is_feasible
from orchestrator.searching.distributions import distributions
from orchestrator.searching.objective_scale import signed_root
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.signals import Signals
from orchestrator.searching.study import MethodSearch
from orchestrator.searching.tried import Ending, Tried

PENALTY = 1000.0
"""What one whole unit of a bound, missed, costs in units of ln p."""

NUM_RUNS = FinalistSettings().seeds
"""Under how many further seeds finalists are run by default."""

NAMES = ("lethe", "random", "tpe", "penalty", "grid")
OWN: Mapping[str, Literal["gp", "random", "grid"]] = {
    "lethe": "gp",
    "random": "random",
    "grid": "grid",
}
"""Lethe's sampler of each of its own."""
CONSTRAINED = ("tpe constrained", "optuna gp")
"""Slower ones, that are asked by name."""


class Searcher(Protocol):
    """Suggests settings, one after the other, and hears what they measured."""

    def ask(self) -> Mapping[str, float] | None:
        """Returns the next setting, None where a grid has no more."""

    def tell(self, measured: Measures) -> None:
        """Hears of the setting that was asked last."""

    def choice(self) -> int | None:
        """Returns which trial, from 0, it would replicate first; None: the best as measured."""


class ByLethe:
    """Lethe's search through its own interface, with its journal in `folder`."""

    def __init__(
        self,
        sampler: Literal["gp", "random", "grid"],
        surface: Surface,
        *,
        trials: int,
        seed: int,
        folder: Path,
        probability: float = 0.9,
    ) -> None:
        settings = self._settings = SearchSettings(
            trials=trials,
            sampler=sampler,
            constraints=surface.constraints,
            floor_probability=probability,
        )
        self._search = MethodSearch("any", space=SPACE, settings=settings, folder=folder, seed=seed)
        nowhere = surface.truth(np.float64(-10.0), np.float64(0.5)).guide
        self._idle = 0.0 if nowhere is None else float(nowhere)
        """The guide of the model before unlearning."""
        self._original = surface.original
        self._number = -1
        self._params: dict[str, float] = {}
        self._tried: list[Tried] = []

    def ask(self) -> Mapping[str, float] | None:
        """Returns the next setting, None where a grid has no more."""
        if not self._search.remaining:
            return None
        suggestion = self._search.ask()
        self._number = suggestion.number
        self._params = {name: float(value) for name, value in suggestion.params.items()}
        return self._params

    def tell(self, measured: Measures) -> None:
        """Hears of the setting that was asked last."""
        violations = {name: float(of) for name, of in measured.violations.items()}
        guide = None if measured.guide is None else float(measured.guide)
        signals = Signals(
            guide=guide,
            idle=guide is not None and abs(guide - self._idle) < IDLE_SHARE * self._idle,
            guide_error=measured.guide_error,
            violation_errors=dict.fromkeys(violations, measured.floor_error),
        )
        objective = float(measured.objective)
        self._search.tell(self._number, objective=objective, violations=violations, signals=signals)
        value = signed_root(objective)
        trial = Tried(self._number, self._params, Ending.MEASURED, value, violations, signals)
        self._tried.append(trial)

    @property
    def candidates(self) -> list[int]:
        """The feasible trials in the order in which they would be replicated."""
        found = beliefs(self._tried, space=SPACE, settings=self._settings, num_runs=NUM_RUNS)
        kept = [trial for trial in self._tried if is_feasible(trial.violations)]
        ranked = worths(
            [found[trial.number] for trial in kept if trial.number is not None],
            start=self._original,
            sign=1,
            probability=self._settings.floor_probability,
        )
        by_merit = [(trial.value, -_astray(trial), -i) for i, trial in enumerate(kept)]
        order = sorted(range(len(kept)), key=lambda i: (ranked[i], by_merit[i]), reverse=True)
        return [number for i in order if (number := kept[i].number) is not None]

    def choice(self) -> int | None:
        """Returns the trial that would be replicated first, as `results.candidates` has it."""
        return next(iter(self.candidates), None)


def _astray(trial: Tried) -> float:
    return abs(trial.signals.guide or 0.0)


class AsMeasured:
    """Chooses the best feasible trial as it was measured."""

    def choice(self) -> int | None:
        """Returns None, which says so."""
        return None


class ByTPE(AsMeasured):
    """Optuna's estimator as it comes, with `penalty` times what the bounds are missed by."""

    def __init__(self, *, penalty: float, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=seed)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._penalty = penalty

    def ask(self) -> Mapping[str, float]:
        """Returns the next setting."""
        self._trial = self._study.ask(distributions(SPACE))
        return self._trial.params

    def tell(self, measured: Measures) -> None:
        """Hears of the setting that was asked last."""
        missed = sum(max(0.0, float(of)) for of in measured.violations.values())
        self._study.tell(self._trial, float(measured.objective) - self._penalty * missed)


class ByConstraints(AsMeasured):
    """A sampler of Optuna's that is told the bounds as constraints."""

    def __init__(self, name: str, *, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        make = samplers.TPESampler if name == "tpe constrained" else samplers.GPSampler
        self._study = optuna.create_study(direction="maximize", sampler=make(seed=seed))

    def ask(self) -> Mapping[str, float]:
        """Returns the next setting."""
        self._trial = self._study.ask(distributions(SPACE))
        return self._trial.params

    def tell(self, measured: Measures) -> None:
        """Hears of the setting that was asked last."""
        for name, missed in measured.violations.items():
            self._trial.set_constraint(name, float(missed))
        self._study.tell(self._trial, float(measured.objective))


@contextmanager
def searcher(name: str, surface: Surface, *, trials: int, seed: int) -> Iterator[Searcher]:
    """Yields the searcher `name`, one of NAMES or CONSTRAINED."""
    if name in ("tpe", "penalty"):
        yield ByTPE(penalty=PENALTY if name == "penalty" else 0.0, seed=seed)
        return
    if name in CONSTRAINED:
        yield ByConstraints(name, seed=seed)
        return
    with TemporaryDirectory(prefix="lethe-") as folder:
        yield ByLethe(OWN[name], surface, trials=trials, seed=seed, folder=Path(folder))

"""What is compared: Lethe's search, and what people do instead.

Random search and the grid are Lethe's own, shuffled by seed. The two tree-structured Parzen
estimators are Optuna's with its defaults: one never hears of the bounds, the other has what they
are missed by taken off its objective.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Protocol

import optuna
from search_surfaces import SPACE, Measures, Surface

from orchestrator.searching.distributions import distributions
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.study import MethodSearch

PENALTY = 1000.0
"""What one whole unit of a bound, missed, costs in units of ln p."""

NAMES = ("lethe", "random", "tpe", "penalty", "grid")


class Searcher(Protocol):
    """Suggests settings, one after the other, and hears what they measured."""

    def ask(self) -> Mapping[str, float] | None:
        """Returns the next setting, None where a grid has no more."""

    def tell(self, measured: Measures) -> None:
        """Hears of the setting that was asked last."""


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
    ) -> None:
        settings = SearchSettings(trials=trials, sampler=sampler, constraints=surface.constraints)
        self._search = MethodSearch("any", space=SPACE, settings=settings, folder=folder, seed=seed)
        self._number = -1

    def ask(self) -> Mapping[str, float] | None:
        """Returns the next setting, None where a grid has no more."""
        if not self._search.remaining:
            return None
        suggestion = self._search.ask()
        self._number = suggestion.number
        return {name: float(value) for name, value in suggestion.params.items()}

    def tell(self, measured: Measures) -> None:
        """Hears of the setting that was asked last."""
        violations = {name: float(of) for name, of in measured.violations.items()}
        objective = float(measured.objective)
        self._search.tell(self._number, objective=objective, violations=violations)


class ByTPE:
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


@contextmanager
def searcher(name: str, surface: Surface, *, trials: int, seed: int) -> Iterator[Searcher]:
    """Yields the searcher `name`, one of NAMES."""
    if name in ("tpe", "penalty"):
        yield ByTPE(penalty=PENALTY if name == "penalty" else 0.0, seed=seed)
        return
    with TemporaryDirectory(prefix="lethe-") as folder:
        sampler = "gp" if name == "lethe" else name
        yield ByLethe(sampler, surface, trials=trials, seed=seed, folder=Path(folder))

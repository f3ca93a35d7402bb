"""How much of the front between forgetting and retain a search finds; see README.md.

The objectives are the surfaces' own (`named_surfaces`) and retain, which is
the distance from its floor. What is counted is the hypervolume of the truth at the feasible trials
above the original's objective and the floor, as a share of what a lattice of the space has; and
after how many trials it is 90 % of that.
"""

import argparse
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Literal, Protocol

import numpy as np
import optuna
from machine import setting, table
from named_surfaces import named
from optuna import samplers
from search_surfaces import SPACE, Measures, Surface, lattice, share_of

from orchestrator.results.pareto import hypervolume
from orchestrator.searching.distributions import distributions
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.signals import Further, Signals
from orchestrator.searching.study import MethodSearch

FLOOR = "retain.at_least"
OBJECTIVES = ("log_forget_quality", "retain")
SURFACES = ("easy", "floor", "recorded", "stepped", "brink")
ENOUGH = 0.9
FINE = 160
"""Points of the lattice in each direction."""

RIVALS: Mapping[str, Callable[..., samplers.BaseSampler]] = {
    "tpe": samplers.TPESampler,
    "optuna gp": samplers.GPSampler,
    "nsga2": samplers.NSGAIISampler,
}


class Searcher(Protocol):
    """Suggests settings, one after the other, and hears what they measured."""

    def ask(self) -> Mapping[str, float]:
        """Returns the next setting."""

    def tell(self, measured: Measures) -> None:
        """Hears of the setting that was asked last."""


class ByLethe:
    """Lethe's search of the front, or its random one, with its journal in `folder`."""

    def __init__(
        self, sampler: str, surface: Surface, *, trials: int, seed: int, folder: Path
    ) -> None:
        settings = SearchSettings(
            trials=trials, sampler=sampler, objective=OBJECTIVES, constraints=surface.constraints
        )
        self._search = MethodSearch("any", space=SPACE, settings=settings, folder=folder, seed=seed)
        self._search.aim((surface.original, 0.0))
        self._number = -1

    def ask(self) -> Mapping[str, float]:
        """Returns the next setting."""
        suggestion = self._search.ask()
        self._number = suggestion.number
        return {name: float(value) for name, value in suggestion.params.items()}

    def tell(self, measured: Measures) -> None:
        """Hears of the setting that was asked last."""
        objective, kept = point_of(measured)
        violations = {name: float(of) for name, of in measured.violations.items()}
        signals = Signals(
            guide=None if measured.guide is None else float(measured.guide),
            guide_error=measured.guide_error,
            violation_errors=dict.fromkeys(violations, measured.floor_error),
            further=(Further(kept, error=measured.floor_error),),
        )
        self._search.tell(self._number, objective=objective, violations=violations, signals=signals)


class ByOptuna:
    """A sampler of Optuna's for several objectives that is told the bounds as constraints."""

    def __init__(self, name: str, *, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        ways: list[Literal["maximize"]] = ["maximize"] * len(OBJECTIVES)
        self._study = optuna.create_study(directions=ways, sampler=RIVALS[name](seed=seed))

    def ask(self) -> Mapping[str, float]:
        """Returns the next setting."""
        self._trial = self._study.ask(distributions(SPACE))
        return self._trial.params

    def tell(self, measured: Measures) -> None:
        """Hears of the setting that was asked last."""
        for name, missed in measured.violations.items():
            self._trial.set_constraint(name, float(missed))
        self._study.tell(self._trial, list(point_of(measured)))


def main() -> None:
    options = _parser().parse_args()
    head = setting("lethe", "optuna", "numpy", "scipy")
    print(head, flush=True)
    rows = [_row(name, options) for name in options.surfaces]
    searchers = ["surface", *options.searchers]
    caption = (
        f"Share of the front's hypervolume after {options.trials} trials, mean over "
        f"{options.seeds} seeds (and median trials to {ENOUGH:.0%})"
    )
    text = f"{caption}\n\n{table(searchers, rows)}"
    print(f"\n{text}")
    if options.out is not None:
        options.out.write_text(f"{head}\n\n{text}\n", encoding="utf-8")


def point_of(measured: Measures) -> tuple[float, float]:
    """Returns the objective, and by how much retain is above its floor."""
    return float(measured.objective), -float(measured.violations[FLOOR])


def best_of(surface: Surface) -> float:
    """Returns the hypervolume of the front of a lattice."""
    found = surface.truth(*lattice(FINE))
    both = np.stack([found.objective, -found.violations[FLOOR]], axis=-1)[found.feasible]
    # Of points with nearly the same retain the best counts.
    binned = {round(retain, 3): (best, retain) for best, retain in sorted(map(tuple, both))}
    return hypervolume(list(binned.values()), (surface.original, 0.0))


def shares(searching: Searcher, surface: Surface, *, trials: int) -> list[float]:
    """Returns the share of the front's hypervolume after each trial."""
    best, corner = best_of(surface), (surface.original, 0.0)
    found, points = list[float](), list[tuple[float, float]]()
    for number in range(trials):
        params = searching.ask()
        x, y = share_of(params["lr"], "lr"), share_of(params["l1"], "l1")
        searching.tell(surface.see(x, y, number))
        truth = surface.truth(np.float64(x), np.float64(y))
        points += [point_of(truth)] if truth.feasible else []
        found.append(hypervolume(points, corner) / best)
    return found


def _row(name: str, options: argparse.Namespace) -> list[str]:
    surfaces = {seed: named(name, seed, anywhere=False) for seed in range(options.seeds)}
    cells = []
    for rival in options.searchers:
        each = [_play(rival, of, seed, options.trials) for seed, of in surfaces.items()]
        counts = [_count(of) for of in each]
        to = median(counts)
        said = f"{to:.0f}" if to <= options.trials else f">{options.trials}"
        cells.append(f"{mean(of[-1] for of in each):.3f} ({said})")
        print(name, rival, cells[-1], file=sys.stderr, flush=True)
    return [name, *cells]


def _play(rival: str, surface: Surface, seed: int, trials: int) -> list[float]:
    if rival in RIVALS:
        return shares(ByOptuna(rival, seed=seed), surface, trials=trials)
    with TemporaryDirectory(prefix="lethe-") as folder:
        sampler = "gp" if rival == "lethe" else rival
        own = ByLethe(sampler, surface, trials=trials, seed=seed, folder=Path(folder))
        return shares(own, surface, trials=trials)


def _count(found: Sequence[float]) -> int:
    return next((i for i, share in enumerate(found, 1) if share >= ENOUGH), len(found) + 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="The front that a search finds.")
    names = ("lethe", "random", *RIVALS)
    parser.add_argument("--seeds", type=int, default=30, help="searches of each kind")
    parser.add_argument("--trials", type=int, default=20, help="budget of a search")
    parser.add_argument("--surfaces", nargs="+", choices=SURFACES, default=list(SURFACES))
    parser.add_argument("--searchers", nargs="+", choices=names, default=list(names))
    parser.add_argument("--out", type=Path, help="a Markdown file to write the table to")
    return parser


if __name__ == "__main__":
    main()

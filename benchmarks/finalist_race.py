"""How often a method ends with a finalist that keeps its floor; see README.md.

On `brink` the optimum lies on the floor, and what a trial retains is seen through noise: the best
as measured was lucky. After a search the candidates race under further seeds, each of which has
noise anew. Held against that is what takes the best as measured and replaces nothing.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from machine import setting, table
from search_rivals import ByLethe
from search_surfaces import Measures, Surface, share_of
from stepped_surfaces import FLOOR_ERROR, brink

from orchestrator.results.race import Race, Run

SEEDS = (1, 2, 3)
FLOOR = "retain.at_least"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a method ended with: whether the mean of its seeds, and the truth, keep the floor.

    `gain` is the share of what could be gained that the setting gains, `runs` how many it took.
    """

    keeps: bool
    truly: bool
    gain: float
    runs: int


def main() -> None:
    options = _parser().parse_args()
    print(setting("lethe", "optuna", "numpy", "scipy"), flush=True)
    rows = []
    for trials in options.trials:
        kinds: dict[str, list[Ended]] = {}
        for seed in range(options.first, options.first + options.seeds):
            surface = brink(seed)
            for probability in (0.5, 0.9):
                found = searched(surface, trials=trials, seed=seed, probability=probability)
                lucky = found.as_measured()
                for name, order, spare in (
                    ("best as measured", lucky, 0),
                    ("race", found.candidates, options.spare),
                ):
                    of = kinds.setdefault(f"asked {probability:g}, {name}", [])
                    of += ended(surface, order, found.places, spare=spare, seed=seed)
        rows += [_row(name, trials, options.seeds, of) for name, of in kinds.items()]
    head = ["finalist", "trials", "methods with one", "mean keeps", "truth keeps", "gain", "runs"]
    print(f"\n{table(head, rows)}")


@dataclass(frozen=True, slots=True)
class Searched:
    """The candidates of a search in their order, where its trials lay, and what they saw."""

    candidates: list[int]
    places: list[tuple[float, float]]
    seen: list[Measures]

    def as_measured(self) -> list[int]:
        """Returns the candidate with the best objective alone."""
        return sorted(self.candidates, key=lambda n: -float(self.seen[n].objective))[:1]


def searched(surface: Surface, *, trials: int, seed: int, probability: float) -> Searched:
    """Returns what a search found that asks for bounds to be kept again with `probability`."""
    places, seen = list[tuple[float, float]](), list[Measures]()
    with TemporaryDirectory(prefix="lethe-") as folder:
        search = ByLethe(
            "gp", surface, trials=trials, seed=seed, folder=Path(folder), probability=probability
        )
        while (params := search.ask()) is not None:
            places.append((share_of(params["lr"], "lr"), share_of(params["l1"], "l1")))
            seen.append(surface.see(*places[-1], len(seen)))
            search.tell(seen[-1])
        return Searched(search.candidates, places, seen)


def ended(
    surface: Surface,
    candidates: Sequence[int],
    places: Sequence[tuple[float, float]],
    *,
    spare: int,
    seed: int,
) -> list[Ended]:
    """Returns what the race of these candidates ends with; nothing without any."""
    race = Race(tuple(candidates), SEEDS, spare, ())
    missed: dict[tuple[int, int], float] = {}
    while race.wanted:
        number, again = race.wanted[0]
        missed[number, again] = _missed(surface, places[number], [seed, number, again])
        race.runs[number, again] = Run({FLOOR: missed[number, again]})
    if not race.standing:
        return []
    (standing,) = race.standing
    x, y = (np.float64(share) for share in places[standing])
    truth = surface.truth(x, y)
    mean = np.mean([missed[standing, again] for again in SEEDS])
    gain = 1 - float(surface.gap(truth.objective))
    return [Ended(bool(mean <= 0), bool(truth.feasible), gain, len(race.runs))]


def _missed(surface: Surface, place: tuple[float, float], dice: list[int]) -> float:
    x, y = (np.float64(share) for share in place)
    noise = np.random.default_rng([*b"again", *dice]).normal(0.0, FLOOR_ERROR)
    return float(surface.truth(x, y).violations[FLOOR]) + noise


def _row(name: str, trials: int, num_methods: int, found: Sequence[Ended]) -> list[str]:
    def share(values: list[bool]) -> str:
        return f"{100 * float(np.mean(values)):.0f} %"

    return [
        name,
        str(trials),
        f"{len(found)} of {num_methods}",
        share([each.keeps for each in found]),
        share([each.truly for each in found]),
        f"{np.median([each.gain for each in found]):.2f}",
        f"{np.mean([each.runs for each in found]):.1f}",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Finalists that keep their floor.")
    parser.add_argument("--seeds", type=int, default=100, help="methods that are searched")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--trials", type=int, nargs="+", default=[8, 15], help="of each search")
    parser.add_argument("--spare", type=int, default=3, help="runs beside those of one candidate")
    return parser


if __name__ == "__main__":
    main()

"""Trials that a search takes to come near the best feasible setting; see README.md.

Near is: every bound kept, and at least 95 % of what the best feasible setting gains in the
objective over the model before unlearning.

    gap = (best - objective) / (best - original) <= 0.05

After each trial a search would choose the feasible setting with the best objective, as measured;
under noise Lethe's chooses the one that it would replicate first.
What is judged is the truth at that setting, and what is counted is the trial from which on it is
near until the budget's end. Without noise a choice only gets better, so the first is the last.
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import setting, table
from named_surfaces import named
from search_rivals import CONSTRAINED, NAMES, Searcher, searcher
from search_surfaces import Measures, Surface, share_of

NEAR = 0.05
RESAMPLED = 2000
GOALS = {
    "easy": 1.0,
    "floor": 0.5,
    "narrow": 0.5,
    "noisy": 1.0,
    "heavy": 0.5,
    "recorded": 1.0,
    "stepped": 0.5,
    "ties": 0.5,
    "brink": 0.5,
    "band": 0.5,
    "dip": 0.5,
}
"""By surface, the share of the best alternative's trials that is aimed at."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many trials each seed's search took, sorted; more than the budget if it never came."""

    counts: tuple[int, ...]
    budget: int

    def at(self, share: float) -> int:
        """Returns within how many trials that share of the seeds had come near."""
        return self.counts[max(0, math.ceil(share * len(self.counts)) - 1)]

    @property
    def text(self) -> str:
        """The median, its 95 % interval, and the quartiles; `>` where the budget ended first."""
        low, middle, high = (self._said(self.at(share)) for share in (0.25, 0.5, 0.75))
        least, most = map(self._said, self.interval())
        return f"{middle} [{least}, {most}] ({low} to {high})"

    def interval(self) -> tuple[int, int]:
        """Returns what 95 % of the medians lie between if the seeds are drawn again (bootstrap)."""
        rng, num = np.random.default_rng(0), len(self.counts)
        drawn = np.sort(np.array(self.counts)[rng.integers(num, size=(RESAMPLED, num))], axis=1)
        medians = np.sort(drawn[:, max(0, math.ceil(num / 2) - 1)])
        return int(medians[int(0.025 * RESAMPLED)]), int(medians[int(0.975 * RESAMPLED)])

    def _said(self, count: int) -> str:
        return str(count) if count <= self.budget else f">{self.budget}"


def main() -> None:
    options = _parser().parse_args()
    head = setting("lethe", "optuna", "torch", "numpy", "scipy")
    print(head, flush=True)
    seeds = range(options.first, options.first + options.seeds)
    found = {}
    for name in options.surfaces:
        surfaces = {seed: named(name, seed, anywhere=options.anywhere) for seed in seeds}
        found[name] = _measure(surfaces, options.searchers, trials=options.trials)
        print(" | ".join(_row(name, found[name])), file=sys.stderr, flush=True)
    text = report(found)
    print(f"\n{text}")
    if options.out is not None:
        options.out.write_text(f"{head}\n\n{text}\n", encoding="utf-8")


def report(found: Mapping[str, Mapping[str, Counts]]) -> str:
    """Returns the table, with what was aimed at, of the counts by surface and searcher."""
    searchers = list(dict.fromkeys(rival for counts in found.values() for rival in counts))
    head = ["surface", *searchers, "lethe / best other", "goal", "met"]
    rows = [_row(name, counts) for name, counts in found.items()]
    caption = (
        "Trials to come within 5 % of the feasible optimum: median [its 95 % interval] (quartiles)"
    )
    return f"{caption}\n\n{table(head, rows)}"


def trials_needed(searching: Searcher, surface: Surface, *, trials: int) -> int:
    """Returns the trial from which on the search's choice is near, or trials + 1."""
    near_since, seen, places = trials + 1, list[Measures](), list[tuple[float, float]]()
    for number in range(trials):
        params = searching.ask()
        if params is None:
            break
        places.append((share_of(params["lr"], "lr"), share_of(params["l1"], "l1")))
        seen.append(surface.see(*places[-1], number))
        searching.tell(seen[-1])
        choice = _choice(searching, seen, noisy=surface.observed is not None)
        if choice is None:
            continue
        x, y = (np.float64(share) for share in places[choice])
        if not surface.within(NEAR, surface.truth(x, y)):
            near_since = trials + 1
        elif surface.observed is None:
            return number + 1
        else:
            near_since = min(near_since, number + 1)
    return near_since


def _choice(searching: Searcher, seen: Sequence[Measures], *, noisy: bool) -> int | None:
    """Returns the trial that would be taken now; without noise what was measured is so."""
    choice = searching.choice() if noisy else None
    if choice is not None:
        return choice
    feasible = [i for i, found in enumerate(seen) if found.feasible]
    return max(feasible, key=lambda i: (float(seen[i].objective), -i), default=None)


def _measure(
    surfaces: Mapping[int, Surface], searchers: Sequence[str], *, trials: int
) -> dict[str, Counts]:
    counts: dict[str, list[int]] = {rival: [] for rival in searchers}
    for seed, surface in surfaces.items():
        for rival in searchers:
            with searcher(rival, surface, trials=trials, seed=seed) as searching:
                counts[rival].append(trials_needed(searching, surface, trials=trials))
    return {rival: Counts(tuple(sorted(of)), trials) for rival, of in counts.items()}


def _row(name: str, found: Mapping[str, Counts]) -> list[str]:
    ours = found["lethe"].at(0.5)
    others = [counts.at(0.5) for rival, counts in found.items() if rival != "lethe"]
    texts = [counts.text for counts in found.values()]
    if not others:
        return [name, *texts, "", f"{GOALS[name]:g}", ""]
    met = "yes" if ours <= GOALS[name] * min(others) else "no"
    return [name, *texts, f"{ours / min(others):.2f}", f"{GOALS[name]:g}", met]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Trials to the best feasible setting.")
    parser.add_argument("--seeds", type=int, default=100, help="searches of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--anywhere", action="store_true", help="optima all over the space")
    parser.add_argument("--trials", type=int, default=60, help="budget of a search")
    parser.add_argument("--surfaces", nargs="+", choices=list(GOALS), default=list(GOALS))
    names = (*NAMES, *CONSTRAINED)
    parser.add_argument("--searchers", nargs="+", choices=names, default=list(NAMES))
    parser.add_argument("--out", type=Path, help="a Markdown file to write the table to")
    return parser


if __name__ == "__main__":
    main()

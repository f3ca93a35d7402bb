"""What stopping early saves, and how often it is wrong; see README.md.

Two parts: real trials, recorded by `retain_curves.py` and replayed under several floors, and
simulated trials by the thousand, whose end is known and of which a probe sees a few items. Both
go through the project's own estimate and verdict.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from machine import setting, table
from numpy.typing import NDArray
from retain_curves import Line, read

from evals.benchmark import Role
from evals.choice import Choice, choose
from evals.metric import load_metric
from evals.probe import estimate
from evals.scores import ScoreSheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from trainers.early_stopping import Guard, Limit, Reading, verdict
from trainers.method import build_method
from trainers.requirements import Source
from trainers.schedule import learning_rate
from trainers.settings import StoppingSettings, TrainingSettings

RECORDED = Path(__file__).parent / "recorded" / "retain_curves.csv"
FLOORS = (0.9, 0.8, 0.7)
SCRUB_REPAIRS_FROM = 0.6
"""Of ten epochs, SCRUB's defaults do harm in the first six (`trainers.methods.scrub`)."""
METRIC = load_metric("retain_probability")
NUM_STEPS, WARMUP, NUM_ITEMS = 100, 10, 150


@dataclass(frozen=True, slots=True)
class Fate:
    """A trial under a guard: after how many of its steps it ended, and whether it was stopped."""

    steps: int
    num_steps: int
    stopped: bool
    feasible: bool
    """Whether it keeps the floor at its own end."""
    known: int
    """The step of the first probe from which on all are below the floor, if it ends there, too."""


def main() -> None:
    options = _parser().parse_args()
    print(setting("lethe", "numpy", "scipy"), flush=True)
    settings = StoppingSettings()
    print(f"\n{settings!r}\n")
    if options.recorded.exists():
        _replay(read(options.recorded), settings, low=options.low, high=options.high)
    print(f"\nSimulated trials, seed {options.seed}, floor 0.9 x the original's\n")
    rows: list[tuple[str, list[Fate]]] = []
    for name, make in FAMILIES.items():
        rng = np.random.default_rng([options.seed, len(rows)])
        rows.append((name, [_simulated(make, rng, settings) for _ in range(options.curves // 4)]))
    rows.append(("all", [fate for _, fates in rows for fate in fates]))
    print(table(HEAD, [[name, *_summary(fates)] for name, fates in rows]))


HEAD = ["trials", "number", "miss the floor", "stopped", "wrongly", "% of all", "steps saved"]
HEAD += ["of those that miss it", "in hindsight"]


def _summary(fates: Sequence[Fate]) -> list[str]:
    wrong = sum(fate.stopped and fate.feasible for fate in fates)
    return [
        str(len(fates)),
        str(sum(not fate.feasible for fate in fates)),
        str(sum(fate.stopped for fate in fates)),
        str(wrong),
        f"{100 * wrong / len(fates):.1f}",
        f"{100 * _saved(fates):.0f} %",
        f"{100 * _saved([fate for fate in fates if not fate.feasible]):.0f} %",
        f"{100 * _saved([replace(fate, steps=fate.known) for fate in fates]):.0f} %",
    ]


def _saved(fates: Sequence[Fate]) -> float:
    steps = sum(fate.num_steps for fate in fates)
    return 1 - sum(fate.steps for fate in fates) / steps if steps else 0.0


def _replay(lines: Sequence[Line], settings: StoppingSettings, *, low: float, high: float) -> None:
    trials: dict[tuple[str, float, int], list[Line]] = {}
    for line in lines:
        trials.setdefault((line.method, line.lr, line.seed), []).append(line)
    ranges = {
        "whole range": list(trials.values()),
        f"lr up to {high:g}": [t for t in trials.values() if t[0].lr <= high],
        f"lr from {low:g}": [t for t in trials.values() if t[0].lr >= low],
    }
    rows = []
    for name, chosen in ranges.items():
        for share in FLOORS:
            fates = [_replayed(trial, settings, share) for trial in chosen]
            same = _best(zip(chosen, fates, strict=True), stopping=False) == _best(
                zip(chosen, fates, strict=True), stopping=True
            )
            rows.append([f"{name}, floor {share:g}", *_summary(fates), "yes" if same else "NO"])
    print("Recorded trials\n")
    print(table([*HEAD, "same best feasible"], rows))


def _best(pairs: Iterable[tuple[Sequence[Line], Fate]], *, stopping: bool) -> dict[str, float]:
    """Returns each method's best objective among the feasible trials that ended."""
    best: dict[str, float] = {}
    for trial, fate in pairs:
        objective = trial[-1].objective
        if fate.feasible and objective is not None and not (stopping and fate.stopped):
            best[trial[0].method] = max(objective, best.get(trial[0].method, -np.inf))
    return best


def _replayed(trial: Sequence[Line], settings: StoppingSettings, share: float) -> Fate:
    end = trial[-1]
    since = SCRUB_REPAIRS_FROM * end.num_steps if end.method == "scrub" else 0
    read = [line for line in trial[:-1] if line.step >= since]
    guard = _guard(settings, value=share * end.whole, whole=end.whole, num_steps=end.num_steps)
    if Source.RETAIN not in build_method(_choice(end.method)).requirements.needs:
        guard = guard.without_recovery
    found = {line.step: (line.value, line.error) for line in read}
    stopped = _stopped(guard, found, end.num_steps, warmup=end.num_steps // 10)
    steps = end.num_steps if stopped is None else stopped
    feasible = end.value >= share * end.whole
    known = end.num_steps if feasible else _known(found, share * end.whole, end.num_steps)
    return Fate(steps, end.num_steps, stopped is not None, feasible, known)


def _known(found: dict[int, tuple[float, float]], floor: float, num_steps: int) -> int:
    """Returns the step of the first probe from which on all are below the floor."""
    known = num_steps
    for step in sorted(found, reverse=True):
        if found[step][0] >= floor:
            break
        known = step
    return known


def _choice(method: str) -> Choice:
    return choose("trainers.methods", {"name": method}, key="method")


def _guard(settings: StoppingSettings, *, value: float, whole: float, num_steps: int) -> Guard:
    limit = Limit(
        metric="retain", side="at_least", value=value, whole=whole, recovery=settings.recovery
    )
    return Guard(
        every=settings.steps_between(num_steps),
        items=settings.items,
        confidence=settings.confidence,
        patience=settings.patience,
        limits=(limit,),
    )


def _stopped(
    guard: Guard, found: dict[int, tuple[float, float]], num_steps: int, *, warmup: int
) -> int | None:
    """Returns the step at which the guard stops a trial, None if it lets it end."""
    training = TrainingSettings(lr=1.0)
    rates = [learning_rate(training, i, total=num_steps, warmup=warmup) for i in range(num_steps)]
    readings: list[Reading] = []
    for step, (value, error) in sorted(found.items()):
        if not guard.is_due(step, readings):
            continue
        left = sum(rates[step:]) / sum(rates)
        readings.append(Reading(step, num_steps, left, {"retain": value}, {"retain": error}))
        if verdict(guard, readings):
            return step
    return None


Harm = NDArray[np.float64]
"""By step 1, 2, ..., NUM_STEPS: by what factor items lose likelihood, in nats per token, or so."""


def _simulated(
    make: Callable[[np.random.Generator], Harm],
    rng: np.random.Generator,
    settings: StoppingSettings,
) -> Fate:
    """Returns the fate of one trial: 150 items that suffer unequally, 16 of them probed."""
    before_I = rng.beta(8, 1.5, NUM_ITEMS)
    suffers_I = rng.lognormal(0, 0.5, NUM_ITEMS)
    harm_T = make(rng) * np.exp(_jitter(rng))
    whole = float(before_I.mean())
    end = float((before_I * np.exp(-suffers_I * harm_T[-1])).mean())
    few_I = rng.choice(NUM_ITEMS, settings.items, replace=False)
    before = _sheet(before_I[few_I])
    guard = _guard(settings, value=0.9 * whole, whole=whole, num_steps=NUM_STEPS)
    found = {}
    for step in range(guard.every, NUM_STEPS, guard.every):
        now = _sheet(before_I[few_I] * np.exp(-suffers_I[few_I] * harm_T[step - 1]))
        seen = estimate(METRIC, now, before, whole=whole, sizes={"retain": NUM_ITEMS})
        found[step] = (seen.value, seen.error)
    stopped = _stopped(guard, found, NUM_STEPS, warmup=WARMUP)
    steps = NUM_STEPS if stopped is None else stopped
    feasible = end >= 0.9 * whole
    known = NUM_STEPS if feasible else _known(found, 0.9 * whole, NUM_STEPS)
    return Fate(steps, NUM_STEPS, stopped is not None, feasible, known)


def _jitter(rng: np.random.Generator) -> Harm:
    """Returns what the drawing of batches does: an autoregressive walk, 10 % wide."""
    noise_T = rng.normal(0, 0.1 * np.sqrt(1 - 0.9**2), NUM_STEPS)
    walk = [rng.normal(0, 0.1)]
    for shock in noise_T[1:]:
        walk.append(0.9 * walk[-1] + shock)
    return np.asarray(walk)


def _time() -> Harm:
    return np.arange(1, NUM_STEPS + 1) / NUM_STEPS


def _steady(rng: np.random.Generator) -> Harm:
    """Harm that grows with the learning rate spent, to end anywhere around the floor."""
    return rng.uniform(0, 0.3) * (1 - (1 - _time()) ** 2)


def _collapse(rng: np.random.Generator) -> Harm:
    """Harm that sets in at once, anywhere in the training, and stays."""
    onset, width = rng.uniform(0.05, 0.95), rng.uniform(0.01, 0.08)
    return 10 ** rng.uniform(-0.5, 2) / (1 + np.exp(-(_time() - onset) / width))


def _dip(rng: np.random.Generator) -> Harm:
    """Harm that sets in at once and is repaired with the learning rate that is spent afterwards.

    As gradient difference does it at high learning rates: recorded trials have fallen to an eighth
    of their retain metric and come back to 90 %.
    """
    onset, width, repair = rng.uniform(0.05, 0.6), rng.uniform(0.01, 0.05), rng.uniform(1, 12)
    harm = 10 ** rng.uniform(-0.5, 0.7) / (1 + np.exp(-(_time() - onset) / width))
    spent = np.clip((1 - onset) ** 2 - (1 - np.maximum(_time(), onset)) ** 2, 0, None)
    return harm * np.exp(-repair * spent) + rng.uniform(0, 0.1)


def _edge(rng: np.random.Generator) -> Harm:
    """Harm that soon levels off within a few percent of the floor."""
    return rng.uniform(0.07, 0.14) * (1 - np.exp(-_time() / rng.uniform(0.05, 0.3)))


FAMILIES: dict[str, Callable[[np.random.Generator], Harm]] = {
    "steady": _steady,
    "collapse": _collapse,
    "dip": _dip,
    "edge": _edge,
}


def _sheet(probabilities_I: NDArray[np.float64]) -> ScoreSheet:
    items = tuple(
        ItemScore(str(i), "", AnswerScore(-float(np.log(p)), 1), None, (), (), ())
        for i, p in enumerate(np.maximum(probabilities_I, 1e-300))
    )
    return ScoreSheet((TaskScores("retain", Role.RETAIN, Probability.PLAIN, items),))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="What stopping early saves, and how often it is wrong.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--curves", type=int, default=1000, help="simulated trials, four kinds")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation")
    parser.add_argument("--recorded", type=Path, default=RECORDED, help="recorded real trials")
    parser.add_argument("--low", type=float, default=1e-3, help="a harsher range of recorded lr")
    parser.add_argument("--high", type=float, default=5e-3, help="a milder range of recorded lr")
    return parser


if __name__ == "__main__":
    main()

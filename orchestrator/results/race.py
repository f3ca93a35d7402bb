"""Which of a method's candidates stands for it: the first that keeps its bounds under other seeds.

A candidate is trained under one further seed, and if it keeps every bound there, under the others.
One that breaks a bound, under the first of them or in the mean over all, is replaced by the next
candidate, as long as the runs that are reserved suffice for all seeds of another; the last turn
that they suffice for is the safest candidate's, so that a method which can keep its bounds does.
Of several objectives a method may have several places: then as many candidates stand for it, the
first that keep their bounds, and all of them race at once.
Bounds are held against items that the search sees: those that finalists are reported on decide
nothing.

All of that follows from the candidates and what came of their runs, so that a race that is resumed,
or read from storage, is the same one.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from orchestrator.searching.constraints import Bound, distance, is_feasible


class Verdict(Enum):
    """What the runs of a candidate say so far."""

    OPEN = auto()
    HOLDS = auto()
    BREAKS = auto()


@dataclass(frozen=True, slots=True)
class Run:
    """A candidate under one seed: by how much it missed each bound; None where nothing says.

    `excused` is a failure for what lies outside the candidate, which says nothing of it.
    """

    violations: Mapping[str, float] | None
    excused: bool = False


@dataclass(frozen=True, slots=True)
class Race:
    """The race of one method: `candidates` are numbers of trials in their order.

    `spare` is how many runs are reserved beside those of one candidate for each of the `places`
    under all `seeds`; `safest` is the candidate likeliest to keep all bounds, and `runs` are by
    candidate and seed.
    """

    candidates: tuple[int, ...]
    seeds: tuple[int, ...]
    spare: int
    bounds: tuple[Bound, ...]
    runs: dict[tuple[int, int], Run] = field(default_factory=dict)
    safest: int | None = None
    places: int = 1

    @property
    def num_runs(self) -> int:
        """How many runs are reserved."""
        return self.places * len(self.seeds) + self.spare

    @property
    def tried(self) -> tuple[int, ...]:
        """The candidates that had their turn, or have it now, in order."""
        return tuple(self._turns())

    @property
    def standing(self) -> tuple[int, ...]:
        """The candidates that stand for the method as far as is known; none without any.

        Where all that were tried break a bound it is the one that came nearest to keeping them, of
        those that have all their seeds or can still be given them.
        """
        tried = self.tried
        kept = tuple(n for n in tried if self.verdict(n) is not Verdict.BREAKS)
        if kept or not tried:
            return kept
        left = self.num_runs - sum(map(self._cost, tried))
        enough = [n for n in tried if len(self.seeds) - self._cost(n) <= left]
        return (min(enough, key=self._distance),)

    @property
    def wanted(self) -> tuple[tuple[int, int], ...]:
        """The runs, by candidate and seed, that are to be done now and have not come back."""
        return tuple(run for number in self.standing for run in self._wanted_of(number))

    def verdict(self, number: int) -> Verdict:
        """Returns what the runs of a candidate say so far."""
        if self._breaks_at_once(number):
            return Verdict.BREAKS
        done = self._done(number)
        if len(done) < len(self.seeds):
            return Verdict.OPEN
        missed = self._mean(done)
        return Verdict.BREAKS if missed is None or not is_feasible(missed) else Verdict.HOLDS

    def _wanted_of(self, number: int) -> tuple[tuple[int, int], ...]:
        first = (number, self.seeds[0])
        if first not in self.runs:
            return (first,)
        return tuple((number, seed) for seed in self.seeds if (number, seed) not in self.runs)

    def _turns(self) -> Iterator[int]:
        left, coming, kept = self.num_runs, list(self.candidates), 0
        while coming and left >= len(self.seeds) and kept < self.places:
            is_last = left == len(self.seeds) and len(coming) < len(self.candidates) and not kept
            # In a race for several places the next one may have begun before it was the last turn.
            is_open = self.places == 1 or (coming[0], self.seeds[0]) not in self.runs
            turns_to_safest = is_last and is_open and self.safest in coming
            number = self.safest if turns_to_safest else coming[0]
            assert number is not None
            coming.remove(number)
            yield number
            kept += self.verdict(number) is not Verdict.BREAKS
            left -= self._cost(number)

    def _cost(self, number: int) -> int:
        """Returns how many runs it takes to find that a candidate breaks a bound."""
        return 1 if self._breaks_at_once(number) else len(self.seeds)

    def _breaks_at_once(self, number: int) -> bool:
        run = self.runs.get((number, self.seeds[0]))
        if run is None or run.excused:
            return False
        return run.violations is None or not is_feasible(run.violations)

    def _done(self, number: int) -> list[Run]:
        return [self.runs[number, seed] for seed in self.seeds if (number, seed) in self.runs]

    def _mean(self, done: Sequence[Run]) -> dict[str, float] | None:
        """Returns the mean violations of the runs that have some; None without any."""
        found = [run.violations for run in done if run.violations is not None]
        if not found:
            return None
        return {name: sum(each[name] for each in found) / len(found) for name in found[0]}

    def _distance(self, number: int) -> float:
        """Returns how far it was from keeping all bounds when it lost its turn."""
        at_once = self._breaks_at_once(number)
        done = self._done(number)
        missed = self._mean(done[:1] if at_once else done)
        return math.inf if missed is None else distance(self.bounds, missed)

"""A finished job's place in its sweep, and the two baselines that every other is held against."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.searching.constraints import Bound, is_feasible
from orchestrator.storage.result import Result
from trainers.early_stopping import Guard
from trainers.job import Job


@dataclass(frozen=True, slots=True)
class Entry:
    """A finished job of the sweep, and what it means there.

    `label` is the method's label, or the phase of a baseline; `violations` says by how much each
    bound is missed (<= 0 keeps it), None for baselines and failures. `cached` says that the
    result was found in storage, `final` that it is not the search's: it repeats the trial `number`,
    or the gold model, under another seed. `forgot` says whether it is better than the original in
    the objective beyond chance, None where that was not asked or cannot be said.
    """

    label: str
    result: Result
    number: int | None = None
    params: Mapping[str, float | int | str] | None = None
    violations: Mapping[str, float] | None = None
    cached: bool = False
    final: bool = False
    forgot: bool | None = None

    @property
    def feasible(self) -> bool:
        """Whether every bound is kept; a failed job keeps none."""
        return self.violations is not None and is_feasible(self.violations)


@dataclass(frozen=True, slots=True)
class Basis:
    """The jobs that another one starts from and is compared with, and how it is watched."""

    original: Job
    gold: Job
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """What the baselines measured, the bounds that follow, and how trials are watched for them.

    A report needs no `guard`: its trials have ended.
    """

    original: Result
    gold: Result
    bounds: tuple[Bound, ...]
    guard: Guard | None = None

    @property
    def basis(self) -> Basis:
        """What a trial is run on."""
        return Basis(self.original.job, self.gold.job, self.guard)

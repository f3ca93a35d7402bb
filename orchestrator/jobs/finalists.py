"""Finalists: each method's best feasible settings again under other seeds, and so the gold model.

The winner of a search was lucky as well as good, and with the seed that it was found with. So it is
run again, with seeds that the search has not seen, as a job like any other, and gives way to the
next one if it breaks a bound (`results.race`). Of several objectives several points of a method's
front are run again. The gold model under a second seed says what the
metrics are where everything is forgotten but for chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.benchmark import Benchmark
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, trial_job
from orchestrator.results.candidates import Candidates, candidates
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.feasibility import judged
from orchestrator.results.race import Race, Run
from orchestrator.results.ranking import trials_of
from orchestrator.searching.constraints import Bound
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import Point
from orchestrator.storage.members import Member, MemberRole
from orchestrator.storage.result import Result, State
from trainers.job import Job


@dataclass(frozen=True, slots=True)
class Finalist:
    """A job that repeats the trial `number` of the method `label`; no number is the gold model."""

    job: Job
    label: str
    number: int | None
    params: Point

    @property
    def member(self) -> Member:
        """What it is in the sweep."""
        role = MemberRole.GOLD_AGAIN if self.number is None else MemberRole.FINAL
        return Member(
            role=role,
            job=self.job.hash,
            label=self.label,
            number=self.number,
            seed=self.job.seed,
            params=self.params,
        )


def races(config: SweepConfig, entries: Sequence[Entry], reference: Reference) -> dict[str, Race]:
    """Returns the race of each method that has a feasible trial, by label, before its first run."""
    assert config.finalists is not None
    found = {}
    for label in config.methods:
        chosen = candidates_of(label, config, entries, reference)
        numbers = tuple(trial.number for trial in chosen.trials if trial.number is not None)
        if numbers and chosen.safest is not None:
            found[label] = Race(
                numbers,
                tuple(final_seeds(config)),
                config.finalists.spare,
                reference.bounds,
                safest=chosen.safest.number,
                places=min(config.num_points, len(chosen.front)),
            )
    return found


def candidates_of(
    label: str, config: SweepConfig, entries: Sequence[Entry], reference: Reference
) -> Candidates:
    """Returns the feasible trials of a method in the order in which they are worth running again.

    Bounds are to be kept in the mean of all seeds or, where no run is to spare for another
    candidate, in one further training.
    """
    final = config.finalists
    return candidates(
        trials_of(entries, label),
        reference,
        search=config.search,
        space=config.space(label),
        num_runs=final.seeds if final is not None and final.spare else 1,
    )


def run_of(result: Result, search: SearchSettings, bounds: Sequence[Bound]) -> Run:
    """Returns what the result of a finalist's job says of its candidate."""
    result, missed = judged(result, search, bounds)
    return Run(missed, excused=result.state == State.FAILED and result.by_chance)


def finalist(
    config: SweepConfig, benchmark: Benchmark, trial: Entry, *, seed: int, original: Job
) -> Finalist:
    """Returns the job that repeats a trial under another seed."""
    params = dict(trial.params or {})
    job = trial_job(
        _seeded(config, seed), benchmark, label=trial.label, params=params, original=original
    )
    return Finalist(job, trial.label, trial.number, params)


def gold_again_job(config: SweepConfig, benchmark: Benchmark, *, weights: str) -> Job | None:
    """Returns the gold model's job under another seed; None where it is given, or not wanted."""
    if config.finalists is None or config.baselines.gold is not None:
        return None
    return gold_job(_seeded(config, final_seeds(config)[0]), benchmark, weights=weights)


def final_seeds(config: SweepConfig) -> range:
    """Returns the seeds that finalists are run under: those that follow the sweep's own."""
    assert config.finalists is not None
    return range(config.seed + 1, config.seed + 1 + config.finalists.seeds)


def num_finalists(config: SweepConfig) -> int:
    """Returns how many jobs that is, at most."""
    if config.finalists is None:
        return 0
    runs = config.num_points * config.finalists.seeds + config.finalists.spare
    return len(config.methods) * runs + (config.baselines.gold is None)


def _seeded(config: SweepConfig, seed: int) -> SweepConfig:
    return config.model_copy(update={"seed": seed})

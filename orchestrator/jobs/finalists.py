"""Finalists: each method's best feasible setting again under other seeds, and so the gold model.

The winner of a search was lucky as well as good, and with the seed that it was found with. So it is
run again, with seeds that the search has not seen, as a job like any other. The gold model under a
second seed says what the metrics are where everything is forgotten but for chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.benchmark import Benchmark
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, trial_job
from orchestrator.results.entry import Entry
from orchestrator.results.ranking import best_trials
from orchestrator.searching.space import Point
from orchestrator.storage.members import Member, MemberRole
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


def finalists(
    config: SweepConfig,
    benchmark: Benchmark,
    *,
    original: Job,
    gold_again: Job | None,
    entries: Sequence[Entry],
) -> list[Finalist]:
    """Returns what is to be run once the search is over, seed by seed.

    A method without any feasible trial has no finalist.
    """
    found = [] if gold_again is None else [Finalist(gold_again, str(gold_again.phase), None, {})]
    chosen = best_trials(entries, config.methods, search=config.search)
    for seed in final_seeds(config):
        for label, best in chosen.items():
            params = dict(best.params or {})
            job = trial_job(
                _seeded(config, seed),
                benchmark,
                label=label,
                params=params,
                original=original,
            )
            found.append(Finalist(job, label, best.number, params))
    return found


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
    return len(config.methods) * config.finalists.seeds + (config.baselines.gold is None)


def _seeded(config: SweepConfig, seed: int) -> SweepConfig:
    return config.model_copy(update={"seed": seed})

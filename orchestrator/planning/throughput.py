"""How quickly finished jobs ran that are like those which a sweep still has to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from statistics import median
from typing import Any

from evals.benchmark import Benchmark
from orchestrator.config.gang import GangSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.searching.shared_parameters import SHARED
from orchestrator.storage.records import Storage
from orchestrator.storage.result import State
from trainers.job import Job, Phase

SAME = {"data", "model", "training", "adapter", "engine", "evaluation"}
"""What of a job decides how long it takes, beside its method; but for these two:"""
VARIED: dict[str, Any] = {
    "training": {**dict.fromkeys(SHARED, True), "l1_mode": True},
    "model": {"settings": {"path": True}},
}


EFFICIENCY = 0.84
"""What is left of a rank's speed whenever the ranks of a gang are doubled, where no finished job
tells: two gangs of one rank took 0.84 of the CPU time of one gang of two for the same jobs."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The median duration of `num_jobs` finished jobs of one kind, for each optimizer step."""

    step_s: float
    num_jobs: int


@dataclass(frozen=True, slots=True)
class FinishedJob:
    """How long a job took for each optimizer step, on how many ranks, and what of a GPU each had.

    `name` is its method, "" for baselines; a rank that had a GPU to itself, or none, had 1.
    """

    name: str
    step_s: float
    ranks: int
    gpus_per_rank: float = 1.0

    def on(self, ranks: int) -> float:
        """Returns what a step takes, or would, on so many ranks."""
        return self.step_s * parallel_speed(self.ranks) / parallel_speed(ranks)


def parallel_speed(ranks: int) -> float:
    """Returns how much quicker `ranks` are than one, where it was not measured."""
    return float(ranks * EFFICIENCY ** log2(ranks))


def paces_on(jobs: Sequence[FinishedJob], gang: GangSettings) -> Mapping[str, Pace]:
    """Returns the pace on gangs like `gang` of trials by method, and that of baselines by "".

    Jobs of gangs like it tell, or else those of gangs with the nearest number of ranks.
    """
    by_name: dict[str, list[FinishedJob]] = {}
    for job in jobs:
        by_name.setdefault(job.name, []).append(job)
    return {name: _pace(found, gang) for name, found in by_name.items()}


def _pace(jobs: Sequence[FinishedJob], gang: GangSettings) -> Pace:
    def distance(job: FinishedJob) -> tuple[float, float]:
        share = min(gang.gpus_per_rank or 1.0, 1.0)
        return abs(log2(job.ranks / gang.ranks)), abs(job.gpus_per_rank - share)

    nearest = min(map(distance, jobs))
    times = [job.on(gang.ranks) for job in jobs if distance(job) == nearest]
    return Pace(median(times), len(times))


def finished_jobs(config: SweepConfig, benchmark: Benchmark, storage: Storage) -> list[FinishedJob]:
    """Returns the finished jobs that are like the sweep's trials and baselines.

    A result that does not say on which gang it was made is taken to be of one like the sweep's.
    """
    own = config.baselines
    recipes = {
        True: [
            _recipe(config, benchmark, training=config.recipe(label), adapter=config.adapter)
            for label in config.methods
        ],
        False: [_recipe(config, benchmark, training=own.training, adapter=own.adapter)],
    }
    return [
        found
        for job in storage.jobs()
        if job.model_dump(include=SAME, exclude=VARIED) in recipes[job.phase == Phase.TRIAL]
        for found in _finished(job, storage, ranks=config.gang.ranks)
    ]


def _recipe(config: SweepConfig, benchmark: Benchmark, **trained: Any) -> dict[str, Any]:
    plain = Job(
        phase=Phase.ORIGINAL,
        benchmark=config.benchmark,
        model=config.model,
        engine=config.engine,
        evaluation=config.evaluation,
        seed=config.seed,
        data=benchmark.fingerprint,
        weights="",
        version="",
        **trained,
    )
    return plain.model_dump(include=SAME, exclude=VARIED)


def _finished(job: Job, storage: Storage, *, ranks: int) -> list[FinishedJob]:
    """Returns a job that is done; nothing if it took no steps."""
    result = storage.find(job)
    if result is None or result.state != State.DONE or not result.facts.get("steps"):
        return []
    facts = result.facts
    return [
        FinishedJob(
            name="" if job.method is None else job.method.name,
            step_s=result.wall_s / facts["steps"],
            ranks=int(facts.get("ranks", ranks)),
            gpus_per_rank=facts.get("gpus_per_rank", 1.0),
        )
    ]

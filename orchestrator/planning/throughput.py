"""How quickly finished jobs ran that are like those which a sweep still has to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from evals.benchmark import Benchmark
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


@dataclass(frozen=True, slots=True)
class Pace:
    """The median duration of `num_jobs` finished jobs of one kind, for each optimizer step."""

    step_s: float
    num_jobs: int


def finished_paces(
    config: SweepConfig, benchmark: Benchmark, storage: Storage
) -> Mapping[str, Pace]:
    """Returns the pace of the sweep's trials by method, and that of its baselines by "".

    A result does not say on which gang it was made: it is taken to be one like the sweep's.
    """
    own = config.baselines
    recipes = {
        True: [
            _recipe(config, benchmark, training=config.recipe(label), adapter=config.adapter)
            for label in config.methods
        ],
        False: [_recipe(config, benchmark, training=own.training, adapter=own.adapter)],
    }
    steps_s: dict[str, list[float]] = {}
    for job in storage.jobs():
        if job.model_dump(include=SAME, exclude=VARIED) in recipes[job.phase == Phase.TRIAL]:
            name = "" if job.method is None else job.method.name
            steps_s.setdefault(name, []).extend(_step_s(job, storage))
    return {name: Pace(median(times), len(times)) for name, times in steps_s.items() if times}


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


def _step_s(job: Job, storage: Storage) -> list[float]:
    """Returns the seconds for each step of a job that is done; nothing if it took none."""
    result = storage.find(job)
    if result is None or result.state != State.DONE or not result.facts.get("steps"):
        return []
    return [result.wall_s / result.facts["steps"]]

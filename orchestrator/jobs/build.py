"""Turns a sweep's settings into Jobs: the original, the gold model, and any trial.

A job holds what decides its result and nothing else: no storage folder, no sweep name, no gang,
no label. So the same work asked for by another sweep is found again.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from evals.benchmark import Benchmark
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.checkpoints import check_provenance, given_weights
from orchestrator.searching.shared_parameters import own_part, shared_part
from orchestrator.searching.space import Point
from orchestrator.storage.records import version
from trainers.job import Job, Phase
from trainers.settings import TrainingSettings

if TYPE_CHECKING:
    from trainers.family import Family


def starting_weights(config: SweepConfig, family: "Family") -> str:
    """Returns the fingerprint of what baselines are fine-tuned from; "" where both are given."""
    given = config.baselines
    return family.fingerprint() if None in (given.original, given.gold) else ""


def original_job(config: SweepConfig, benchmark: Benchmark, *, weights: str) -> Job:
    """Returns the job that fine-tunes `weights` on "full", or evaluates the given checkpoint."""
    return _baseline(config, benchmark, phase=Phase.ORIGINAL, weights=weights)


def gold_job(config: SweepConfig, benchmark: Benchmark, *, weights: str) -> Job:
    """Returns the job that fine-tunes `weights` on "retain", or evaluates the given checkpoint."""
    return _baseline(config, benchmark, phase=Phase.GOLD, weights=weights)


def trial_job(
    config: SweepConfig,
    benchmark: Benchmark,
    *,
    label: str,
    params: Point,
    original: Job,
) -> Job:
    """Returns the job that unlearns with the method `label`, starting from `original`.

    `params` are one point of `config.space(label)`.
    """
    recipe = {**config.recipe(label).model_dump(), **shared_part(params)}
    return Job(
        phase=Phase.TRIAL,
        benchmark=config.benchmark,
        model=config.model,
        training=TrainingSettings.model_validate(recipe),
        adapter=config.adapter,
        engine=config.engine,
        evaluation=config.evaluation,
        held_out=config.held_out,
        seed=config.seed,
        method=config.methods[label].choice(own_part(params)),
        forget=config.methods[label].split,
        base=original.hash,
        data=benchmark.fingerprint,
        weights=original.weights,
        version=version(),
    )


def checkpoint_job(
    config: SweepConfig, benchmark: Benchmark, *, phase: Phase, folder: Path, weights: str
) -> Job:
    """Returns the job that evaluates the model saved in `folder`, on the items of `config`.

    It does not depend on any recipe. `weights` is the fingerprint of what is evaluated.
    """
    return Job(
        phase=phase,
        benchmark=config.benchmark,
        model=config.model,
        training=TrainingSettings(),
        adapter=None,
        engine=config.engine,
        evaluation=config.evaluation,
        held_out=config.held_out,
        seed=config.seed,
        checkpoint=str(folder.expanduser().resolve()),
        data=benchmark.fingerprint,
        weights=weights,
        version=version(),
    )


def _baseline(config: SweepConfig, benchmark: Benchmark, *, phase: Phase, weights: str) -> Job:
    """Returns a baseline's job; a given checkpoint does not depend on the fine-tuning recipe."""
    baselines = config.baselines
    given = baselines.original if phase == Phase.ORIGINAL else baselines.gold
    if given is not None:
        folder = Path(given)
        check_provenance(folder, benchmark, phase=phase)
        found = given_weights(given, phase=phase)
        return checkpoint_job(config, benchmark, phase=phase, folder=folder, weights=found)
    return Job(
        phase=phase,
        benchmark=config.benchmark,
        model=config.model,
        training=baselines.training,
        adapter=baselines.adapter,
        engine=config.engine,
        evaluation=config.evaluation,
        held_out=config.held_out,
        seed=config.seed,
        data=benchmark.fingerprint,
        weights=weights,
        version=version(),
    )

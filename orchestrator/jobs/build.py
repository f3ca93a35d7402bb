"""Turns a sweep's settings into Jobs: the original, the gold model, and any trial.

A job holds what decides its result and nothing else: no storage folder, no sweep name, no gang,
no label. So the same work asked for by another sweep is found again.
"""

from pathlib import Path

from evals.benchmark import Benchmark
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.checkpoints import _check_provenance, given_weights
from orchestrator.searching.shared_parameters import own_part, shared_part
from orchestrator.searching.space import Point
from orchestrator.storage.records import version
from trainers.job import Job, Phase
from trainers.settings import TrainingSettings


def original_job(config: SweepConfig, benchmark: Benchmark) -> Job:
    """Returns the job that fine-tunes on "full", or evaluates the given checkpoint."""
    return _baseline(config, benchmark, phase=Phase.ORIGINAL, given=config.baselines.original)


def gold_job(config: SweepConfig, benchmark: Benchmark) -> Job:
    """Returns the job that fine-tunes on "retain" only, or evaluates the given checkpoint."""
    return _baseline(config, benchmark, phase=Phase.GOLD, given=config.baselines.gold)


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
        base=original.hash,
        data=benchmark.fingerprint,
        weights=original.weights,
        version=version(),
    )


def _baseline(config: SweepConfig, benchmark: Benchmark, *, phase: Phase, given: str | None) -> Job:
    """Returns a baseline's job; a given checkpoint does not depend on the fine-tuning recipe."""
    baselines = config.baselines
    if given is not None:
        _check_provenance(Path(given), benchmark, phase=phase)
    return Job(
        phase=phase,
        benchmark=config.benchmark,
        model=config.model,
        training=baselines.training if given is None else TrainingSettings(),
        adapter=baselines.adapter if given is None else None,
        engine=config.engine,
        evaluation=config.evaluation,
        held_out=config.held_out,
        seed=config.seed,
        checkpoint=given and str(Path(given).expanduser().resolve()),
        data=benchmark.fingerprint,
        weights=_family_fingerprint(config) if given is None else given_weights(given, phase=phase),
        version=version(),
    )


def _family_fingerprint(config: SweepConfig) -> str:
    from trainers.family import build_family  # imports transformers

    return build_family(config.model).fingerprint()

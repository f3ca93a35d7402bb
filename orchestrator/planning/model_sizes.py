"""The models that a sweep trains, known without their weights: the baselines' and the trials'."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.benchmark import Benchmark
from evals.errors import ConfigError
from orchestrator.config.sweep_config import SweepConfig
from trainers.memory.model_size import ModelSize
from trainers.settings import AdapterSettings


class ModelUnknown(Exception):
    """Raised when a model's configuration cannot be had; says why."""


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """What baselines train (None: both are given), and what trials do."""

    baseline: ModelSize | None
    trial: ModelSize


def sweep_sizes(config: SweepConfig, benchmark: Benchmark) -> ModelSizes:
    """Returns the sizes of a sweep's models, within seconds.

    Raises:
        ModelUnknown: a model's configuration cannot be had, for want of a network, say.
        ConfigError: an adapter's target modules are not in the model.
    """
    baselines = config.baselines
    original = None if baselines.original is None else Path(baselines.original).expanduser()
    if original is None and baselines.adapter == config.adapter:
        both = _size(config, benchmark, checkpoint=None, adapter=config.adapter)
        return ModelSizes(both, both)
    trial = _size(config, benchmark, checkpoint=original, adapter=config.adapter)
    if original is not None and baselines.gold is not None:
        return ModelSizes(None, trial)
    try:
        baseline = _size(config, benchmark, checkpoint=None, adapter=baselines.adapter)
    except ConfigError as error:
        raise ConfigError(str(error).replace("adapter.", "baselines.adapter.")) from None
    return ModelSizes(baseline, trial)


def _size(
    config: SweepConfig,
    benchmark: Benchmark,
    *,
    checkpoint: Path | None,
    adapter: AdapterSettings | None,
) -> ModelSize:
    from trainers.family import build_family  # imports transformers

    family = build_family(config.model)
    try:
        skeleton: Any = family.skeleton(benchmark=benchmark, checkpoint=checkpoint)
    except ConfigError as error:
        raise ModelUnknown(str(error)) from None
    return family.measure(skeleton, adapter=adapter, bf16=config.engine.dtype == "bf16")

"""The models that a sweep trains, known without their weights: the baselines' and the trials'."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.benchmark import Benchmark
from evals.errors import ConfigError
from orchestrator.config.sweep_config import SweepConfig
from trainers.settings import AdapterSettings

if TYPE_CHECKING:  # imports torch
    from trainers.memory.model_size import Anatomy


class ModelUnknown(Exception):
    """Raised when a model's configuration cannot be had; says why."""


@dataclass(frozen=True, slots=True)
class Anatomies:
    """What baselines train (None: both are given), and what trials do."""

    baseline: "Anatomy | None"
    trial: "Anatomy"


def sweep_anatomies(config: SweepConfig, benchmark: Benchmark) -> Anatomies:
    """Returns the anatomies of a sweep's models, within seconds.

    Raises:
        ModelUnknown: a model's configuration cannot be had, for want of a network, say.
        ConfigError: an adapter's target modules are not in the model.
    """
    baselines = config.baselines
    original = None if baselines.original is None else Path(baselines.original).expanduser()
    if original is None and baselines.adapter == config.adapter:
        both = _anatomy(config, benchmark, checkpoint=None, adapter=config.adapter)
        return Anatomies(both, both)
    trial = _anatomy(config, benchmark, checkpoint=original, adapter=config.adapter)
    if original is not None and baselines.gold is not None:
        return Anatomies(None, trial)
    baseline = _anatomy(config, benchmark, checkpoint=None, adapter=baselines.adapter)
    return Anatomies(baseline, trial)


def _anatomy(
    config: SweepConfig,
    benchmark: Benchmark,
    *,
    checkpoint: Path | None,
    adapter: AdapterSettings | None,
) -> "Anatomy":
    from trainers.family import build_family
    from trainers.memory.model_size import dissect  # imports torch and peft

    try:
        skeleton: Any = build_family(config.model).skeleton(
            benchmark=benchmark, checkpoint=checkpoint
        )
    except ConfigError as error:
        raise ModelUnknown(str(error)) from None
    return dissect(skeleton, adapter, bf16=config.engine.dtype == "bf16")

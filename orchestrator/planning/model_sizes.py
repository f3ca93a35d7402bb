"""The models that a sweep trains, known without their weights: the baselines' and the trials'."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.errors import ConfigError
from orchestrator.planning.plan import Plan
from trainers.memory.model_size import ModelSize
from trainers.settings import AdapterSettings


class ModelUnknown(Exception):
    """Raised when a model's configuration cannot be had; says why."""


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """What baselines train (None: both are given), and what trials do."""

    baseline: ModelSize | None
    trial: ModelSize


def sweep_sizes(plan: Plan) -> ModelSizes:
    """Returns the sizes of a sweep's models, within seconds.

    Raises:
        ModelUnknown: a model's configuration cannot be had, for want of a network, say.
        ConfigError: an adapter's target modules are not in the model.
    """
    config, baselines = plan.config, plan.config.baselines
    original = None if baselines.original is None else Path(baselines.original).expanduser()
    if original is None and baselines.adapter == config.adapter:
        both = _size(plan, checkpoint=None, adapter=config.adapter)
        return ModelSizes(both, both)
    trial = _size(plan, checkpoint=original, adapter=config.adapter)
    if original is not None and baselines.gold is not None:
        return ModelSizes(None, trial)
    try:
        baseline = _size(plan, checkpoint=None, adapter=baselines.adapter)
    except ConfigError as error:
        raise ConfigError(str(error).replace("adapter.", "baselines.adapter.")) from None
    return ModelSizes(baseline, trial)


def _size(plan: Plan, *, checkpoint: Path | None, adapter: AdapterSettings | None) -> ModelSize:
    family = plan.family
    try:
        skeleton: Any = family.skeleton(benchmark=plan.benchmark, checkpoint=checkpoint)
    except ConfigError as error:
        raise ModelUnknown(str(error)) from None
    return family.measure(skeleton, adapter=adapter, bf16=plan.config.engine.dtype == "bf16")

"""Whether the model, or a checkpoint given for a baseline, can do what a sweep asks of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import ConfigError
from orchestrator.planning.plan import Plan

if TYPE_CHECKING:
    from trainers.family import Use


def check_model_for(plan: Plan) -> None:
    """Refuses a model or a given checkpoint that cannot do what is asked, before anything starts.

    Raises:
        ConfigError: names the key, the path and the cure.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()
    config, family, use = plan.config, plan.family, _use(plan)
    given = {"original": config.baselines.original, "gold": config.baselines.gold}
    for name, checkpoint in given.items():
        folder = None if checkpoint is None else Path(checkpoint).expanduser()
        try:
            family.check(folder)
            family.check_rows(folder, use)
        except ConfigError as error:
            key = "model.path" if checkpoint is None else f"baselines.{name}"
            raise type(error)(str(error).replace("model.path", key, 1)) from None
    original = config.baselines.original
    shape = family.shape(None if original is None else Path(original).expanduser())
    _check_layers(plan, shape.num_layers)
    _check_dtype(config.engine.dtype, str(shape.dtype).removeprefix("torch."))


def _use(plan: Plan) -> "Use":
    from trainers.family import Use  # imports torch

    config = plan.config
    trainings = {"training": config.training}
    if None in (config.baselines.original, config.baselines.gold):
        trainings["baselines.training"] = config.baselines.training
    return Use(plan.benchmark, trainings, config.evaluation)


def _check_layers(plan: Plan, num_layers: int) -> None:
    """Refuses a method that looks at a layer which the model has not."""
    for method in plan.methods:
        for asked in method.possible:
            layer = asked.hidden_layer
            if layer is None or layer < num_layers:
                continue
            raise ConfigError(
                f"methods.{method.label}.layer must be a layer of the model, 0 to "
                f"{num_layers - 1}, but got {layer}; choose one in the middle, such as "
                f"{num_layers // 2}"
            )


def _check_dtype(engine: str, held: str) -> None:
    """Refuses an engine whose dtype is not the weights': ZeRO stages would then train unalike."""
    known = {"fp32": "float32", "bf16": "bfloat16"}
    if held not in (*known.values(), "None"):
        raise ConfigError(
            f"model.dtype must be fp32 or bf16 for weights in {held}, which no engine trains, but "
            f"got 'auto'; set model.dtype: {engine}"
        )
    if held not in (known[engine], "None"):
        raise ConfigError(
            f"engine.dtype must be that of the weights ({held}) but got {engine!r}; "
            f"set model.dtype: {engine}, or engine.dtype to what the weights are"
        )

"""Checkpoints given by hand for the baselines: what is refused, and what their hash is."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.benchmark import Benchmark
from evals.errors import ConfigError
from orchestrator.config.method_requirements import possible_requirements
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.storage.files import JOB_FILE
from orchestrator.storage.json_object import json_object
from trainers.job import Phase
from trainers.model_files import model_files
from trainers.weight_files import fingerprint_of

if TYPE_CHECKING:
    from trainers.family import Use


def given_weights(given: str, *, phase: Phase) -> str:
    """Returns the SHA-256 of a saved model's files, wherever it lies.

    Raises:
        ConfigError: it is not there.
    """
    folder = Path(given).expanduser()
    if not any(file.suffix == ".safetensors" for file in model_files(folder)):
        raise ConfigError(
            f"baselines.{phase} must be a folder with a saved model (*.safetensors) but got "
            f"{given!r}; correct the path, or leave the key out to fine-tune one"
        )
    return fingerprint_of(folder)


def check_weights(config: SweepConfig, benchmark: Benchmark) -> None:
    """Refuses a model or a given checkpoint that cannot do what is asked, before anything starts.

    Raises:
        ConfigError: names the key, the path and the cure.
    """
    from transformers.utils import logging

    from trainers.family import build_family  # imports transformers

    logging.disable_progress_bar()
    family, use = build_family(config.model), _use(config, benchmark)
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
    _check_layers(config, shape.num_layers)
    _check_dtype(config, str(shape.dtype).removeprefix("torch."))


def _use(config: SweepConfig, benchmark: Benchmark) -> "Use":
    from trainers.family import Use  # imports torch

    trainings = {"training": config.training}
    if None in (config.baselines.original, config.baselines.gold):
        trainings["baselines.training"] = config.baselines.training
    return Use(benchmark, trainings, config.evaluation)


def _check_layers(config: SweepConfig, num_layers: int) -> None:
    """Refuses a method that looks at a layer which the model has not."""
    for label, method in config.methods.items():
        for asked in possible_requirements(method):
            layer = asked.hidden_layer
            if layer is None or layer < num_layers:
                continue
            raise ConfigError(
                f"methods.{label}.layer must be a layer of the model, 0 to {num_layers - 1}, but "
                f"got {layer}; choose one in the middle, such as {num_layers // 2}"
            )


def _check_dtype(config: SweepConfig, held: str) -> None:
    """Refuses an engine whose dtype is not the weights': ZeRO stages would then train unalike."""
    known = {"fp32": "float32", "bf16": "bfloat16"}
    if held not in (*known.values(), "None"):
        raise ConfigError(
            f"model.dtype must be fp32 or bf16 for weights in {held}, which no engine trains, but "
            f"got 'auto'; set model.dtype: {config.engine.dtype}"
        )
    engine = known[config.engine.dtype]
    if held not in (engine, "None"):
        raise ConfigError(
            f"engine.dtype must be that of the weights ({held}) but got {config.engine.dtype!r}; "
            f"set model.dtype: {config.engine.dtype}, or engine.dtype to what the weights are"
        )


def _check_provenance(folder: Path, benchmark: Benchmark, *, phase: Phase) -> None:
    """Refuses a checkpoint whose own record says that it is another baseline or of other data."""
    record = folder.expanduser().resolve().parent / JOB_FILE
    made = _read_record(record)
    if made is None:
        return
    if made["phase"] != phase:
        raise ConfigError(
            f"baselines.{phase} must be a {phase} model but got {str(folder)!r}, which "
            f"{record.name} calls {made['phase']!r}; give the {phase} model's folder"
        )
    if made["data"] != benchmark.fingerprint:
        raise ConfigError(
            f"baselines.{phase} must be trained on the splits of this benchmark but got "
            f"{str(folder)!r}, which was trained on other splits ({record.name}: data "
            f"{str(made['data'])[:12]}, here {benchmark.fingerprint[:12]}); give a model of "
            "the same forget and retain splits, or leave the key out to fine-tune one"
        )


def _read_record(file: Path) -> dict[str, Any] | None:
    """Returns the job that made a model, or None when it came from elsewhere."""
    try:
        record = json_object(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if {"phase", "data"} <= record.keys() else None

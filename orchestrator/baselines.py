"""Turns a sweep's settings into Jobs: the original, the gold model, and any trial.

A job holds what decides its result and nothing else: no storage folder, no sweep name, no gang,
no label. So the same work asked for by another sweep is found again.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from evals.benchmark import Benchmark
from evals.errors import ConfigError
from orchestrator.config import SweepConfig
from orchestrator.searching.space import SHARED, Point
from orchestrator.storing.records import version
from trainers.job import Job, Phase
from trainers.settings import TrainingSettings

FILES = ("*.json", "*.safetensors", "*.bin", "*.model", "*.jinja")
"""What decides how a saved model answers: weights, configuration, tokenizer, chat template."""


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

    `params` are one point of `config.space(label)`: lr and l1 go to the training recipe,
    everything else to the method's hyperparameters.
    """
    shared = {name: value for name, value in params.items() if name in SHARED}
    own = {name: value for name, value in params.items() if name not in SHARED}
    training = TrainingSettings.model_validate({**config.training.model_dump(), **shared})
    return Job(
        phase=Phase.TRIAL,
        benchmark=config.benchmark,
        model=config.model,
        training=training,
        adapter=config.adapter,
        engine=config.engine,
        evaluation=config.evaluation,
        held_out=config.held_out,
        seed=config.seed,
        method=config.methods[label].choice(own),
        base=original.hash,
        data=benchmark.fingerprint,
        weights=original.weights,
        version=version(),
    )


def given_weights(given: str, *, phase: Phase) -> str:
    """Returns the SHA-256 of a saved model's files, wherever it lies.

    Raises:
        ConfigError: it is not there.
    """
    folder = Path(given).expanduser()
    files = sorted({file for pattern in FILES for file in folder.glob(pattern)})
    if not any(file.suffix in (".safetensors", ".bin") for file in files):
        raise ConfigError(
            f"baselines.{phase} must be a folder with a saved model (*.safetensors) but got "
            f"{given!r}; correct the path, or leave the key out to fine-tune one"
        )
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return f"files:{digest.hexdigest()}"


def check_weights(config: SweepConfig) -> None:
    """Refuses a model or a given checkpoint that would not load, before anything starts.

    Raises:
        ConfigError: names the key, the path and the cure.
    """
    from trainers.language_model import build_family  # imports transformers

    family = build_family(config.model)
    given = {"original": config.baselines.original, "gold": config.baselines.gold}
    for name, checkpoint in given.items():
        try:
            family.check(None if checkpoint is None else Path(checkpoint).expanduser())
        except ConfigError as error:
            key = "model.path" if checkpoint is None else f"baselines.{name}"
            raise ConfigError(str(error).replace("model.path", key, 1)) from None
    original = config.baselines.original
    shape = family.shape(None if original is None else Path(original).expanduser())
    _check_layers(config, shape.num_layers)
    _check_dtype(config, str(shape.dtype).removeprefix("torch."))


def _check_layers(config: SweepConfig, num_layers: int) -> None:
    """Refuses a method that looks at a layer which the model has not."""
    for label, method in config.methods.items():
        layer = method.settings.get("layer")
        layers = method.search["layer"].ends if "layer" in method.search else (layer,)
        for highest in layers:
            if not isinstance(highest, int) or highest < num_layers:
                continue
            raise ConfigError(
                f"methods.{label}.layer must be a layer of the model, 0 to {num_layers - 1}, but "
                f"got {highest:g}; choose one in the middle, such as {num_layers // 2}"
            )


def _check_dtype(config: SweepConfig, held: str) -> None:
    """Refuses an engine whose dtype is not the weights': ZeRO stages would then train unalike."""
    engine = {"fp32": "float32", "bf16": "bfloat16"}[config.engine.dtype]
    if held not in (engine, "None"):
        raise ConfigError(
            f"engine.dtype must be that of the weights ({held}) but got {config.engine.dtype!r}; "
            f"set model.dtype: {config.engine.dtype}, or engine.dtype to what the weights are"
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
    from trainers.language_model import build_family  # imports transformers

    return build_family(config.model).fingerprint()


def _check_provenance(folder: Path, benchmark: Benchmark, *, phase: Phase) -> None:
    """Refuses a checkpoint whose own record says that it is another baseline or of other data."""
    record = folder.expanduser().resolve().parent / "job.json"
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
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and {"phase", "data"} <= record.keys() else None

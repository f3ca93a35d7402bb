"""Checkpoints given by hand for the baselines: what is refused, and what their hash is."""

from pathlib import Path
from typing import Any

from evals.benchmark import Benchmark
from evals.errors import ConfigError
from orchestrator.storage.files import JOB_FILE
from orchestrator.storage.json_object import json_object
from trainers.job import Phase
from trainers.model_files import model_files
from trainers.weight_files import fingerprint_of


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


def check_provenance(folder: Path, benchmark: Benchmark, *, phase: Phase) -> None:
    """Refuses a checkpoint whose own record says that it is another baseline or of other data.

    Raises:
        ConfigError: names the key, the path and the cure.
    """
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

"""What identifies pretrained weights, and what shape a model of them is held in."""

from dataclasses import replace
from pathlib import Path

import torch

from evals.errors import ConfigError
from trainers.loaded_model import Shape
from trainers.model_files import folder_fingerprint
from trainers.pretrained import Running, Source, shape_of, torch_dtype


def shape_as_run(source: Source, running: Running) -> Shape:
    """Returns the shape of the model of `source` in the dtype that `running` asks for.

    Raises:
        ConfigError: the configuration cannot be read.
    """
    stated = shape_of(source)
    chosen = torch_dtype(running)
    return stated if chosen == "auto" else replace(stated, dtype=chosen)


def shape_from_scratch(checkpoint: Path | None, running: Running, *, num_layers: int) -> Shape:
    """Returns the shape of a model with random weights, or of `checkpoint` if one is given.

    Raises:
        ConfigError: the checkpoint's configuration cannot be read.
    """
    if checkpoint is not None:
        return shape_as_run(Source(path=str(checkpoint)), running)
    chosen = torch_dtype(running)
    return Shape(num_layers, torch.float32 if chosen == "auto" else chosen)


def source_fingerprint(source: Source) -> str:
    """Returns a SHA-256 of a folder's files, or the hub id and its commit.

    Where neither the hub nor its cache answers, the revision stands for the commit: such a model
    can be planned with, but a family's `check` will refuse it.
    """
    folder = Path(source.path).expanduser()
    if folder.is_dir():
        return folder_fingerprint(folder)
    return f"{source.path}@{_commit(source) or source.revision or 'main'}"


def _commit(source: Source) -> str | None:
    try:
        return shape_of(source).commit
    except ConfigError:
        return None

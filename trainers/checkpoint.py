"""A job's training checkpoint on disk: what it takes to go on in other processes.

Layout: `<folder>/step-<n>/{bookmark.json, part-*.safetensors}`. It holds whole tensors by
parameter name, so that a gang of another size or ZeRO stage can take it up. It is written under a
temporary name and renamed last; what is there under its own name is whole.
"""

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open

from trainers.early_stopping import Reading
from trainers.job import Report

if TYPE_CHECKING:  # who only looks for a checkpoint does without torch
    from torch import Tensor

BOOKMARK = "bookmark.json"
UNFINISHED = ".writing-"
PART_BYTES = 2**30
"""Tensors are written in parts of about this size, so that no more is held in memory."""


@dataclass(slots=True)
class Bookmark:
    """Where a training is: `step` optimizer steps of it are done, in `train_s` seconds.

    `recent` are the losses since the last of `reports`, `readings` what the probes found.
    """

    step: int = 0
    train_s: float = 0.0
    recent: list[float] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)


class Tensors(Mapping[str, "Tensor"]):
    """A checkpoint's tensors by name, each read when it is asked for."""

    def __init__(self, checkpoint: Path) -> None:
        """Opens the files.

        Raises:
            SafetensorError, OSError: a file is missing or cut short.
        """
        self._files: dict[str, Any] = {}
        for part in sorted(checkpoint.glob("part-*.safetensors")):
            file: Any = safe_open(part, framework="pt")
            self._files |= dict.fromkeys(file.keys(), file)

    def __getitem__(self, name: str) -> "Tensor":
        tensor: Tensor = self._files[name].get_tensor(name)
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def newest(folder: Path) -> Path | None:
    """Returns the checkpoint of the latest step in `folder`, or None if there is none."""
    found = [path for path in folder.glob("step-*") if read_bookmark(path) is not None]
    return max(found, key=lambda path: int(path.name.removeprefix("step-")), default=None)


def read_bookmark(checkpoint: Path) -> Bookmark | None:
    """Returns where the training was, or None if that cannot be read."""
    try:
        text = (checkpoint / BOOKMARK).read_text(encoding="utf-8")
        return TypeAdapter(Bookmark).validate_python(json.loads(text))
    except (OSError, ValueError, ValidationError, RecursionError):
        return None


def write(folder: Path, mark: Bookmark, tensors: Iterable[tuple[str, "Tensor"]]) -> str:
    """Writes a checkpoint into `folder` and removes the ones before it.

    Returns why it could not be written, or nothing; then what was there before stays. `tensors`
    is read to its end in any case, as other ranks may be reading along.
    """
    named = iter(tensors)
    part = folder / f"{UNFINISHED}{uuid.uuid4().hex[:8]}"
    complaint = ""
    try:
        for left in folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        part.mkdir(parents=True)
        _write_tensors(part, named)
        _write_bookmark(part, mark)
        _place(part, folder / f"step-{mark.step}")
    except (OSError, SafetensorError) as error:
        shutil.rmtree(part, ignore_errors=True)
        complaint = f"{type(error).__name__}: {error}"
    for _ in named:
        pass
    return complaint


def _write_tensors(folder: Path, named: Iterator[tuple[str, "Tensor"]]) -> None:
    held: dict[str, Tensor] = {}
    num_parts = 0
    for name, tensor in named:
        held[name] = tensor.contiguous()
        if sum(value.nbytes for value in held.values()) >= PART_BYTES:
            _write_part(folder, num_parts, held)
            held, num_parts = {}, num_parts + 1
    if held:
        _write_part(folder, num_parts, held)


def _write_part(folder: Path, number: int, tensors: dict[str, "Tensor"]) -> None:
    from safetensors.torch import save_file

    file = folder / f"part-{number:05}.safetensors"
    save_file(tensors, file)
    _sync(file)


def _write_bookmark(folder: Path, mark: Bookmark) -> None:
    (folder / BOOKMARK).write_text(json.dumps(asdict(mark)), encoding="utf-8")
    _sync(folder / BOOKMARK)
    _sync(folder)


def _place(part: Path, home: Path) -> None:
    """Gives `part` its name, unless a checkpoint of the same step has it; older ones go."""
    if home.exists():
        shutil.rmtree(part)
    else:
        part.rename(home)
        _sync(home.parent)
    for other in home.parent.glob("step-*"):
        if other != home:
            shutil.rmtree(other, ignore_errors=True)


def _sync(path: Path) -> None:
    """Forces a file's content or a folder's entries to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""What a frozen vision tower makes of pictures, in a file that is mapped into memory.

A file is named by a key that stands for all that decides its content: the tower's weights, the
pictures, the image processor's settings and the dtype. It holds the rows of all pictures one after
the other and the SHA-256 of them. Ranks and trials share it: the first process of a machine to ask
for it makes it while the others wait. A file that is damaged is made anew; where nothing can be
written, features stay in memory.
"""

import fcntl
import hashlib
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trainers.in_step import Work

POLL_S = 0.1
"""Seconds between looks at whether another process is done."""

Maker = Callable[[], Iterator[Tensor]]
"""Makes the rows of every picture, in order."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How many rows each picture has, how wide they are, and of what type."""

    counts: tuple[int, ...]
    width: int
    dtype: torch.dtype

    @property
    def num_bytes(self) -> int:
        """The size of all rows."""
        return sum(self.counts) * self.width * self.dtype.itemsize


class FeatureRows:
    """The rows of each picture, by its number."""

    def __init__(self, rows: Tensor, counts: Sequence[int]) -> None:
        self._rows = rows
        self._starts = (0, *itertools.accumulate(counts))

    def of(self, number: int) -> Tensor:
        """Returns the rows of a picture; they may lie in a mapped file."""
        return self._rows[self._starts[number] : self._starts[number + 1]]


def stored_features(
    make: Maker, layout: Layout, *, key: str, folder: Path | None
) -> Work[FeatureRows]:
    """Returns the features that `make` makes, from the file of this key if it is there.

    It yields after each picture, and while another process makes the file.
    """
    if folder is None:
        return (yield from _in_memory(make, layout))
    file = folder / f"{key}.features"
    found = _mapped(file, layout)
    if found is None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            found = yield from _made_alone(make, layout, file)
        except OSError:  # read-only, full, a file in the folder's place
            return (yield from _in_memory(make, layout))
    if found is None:
        return (yield from _in_memory(make, layout))
    return FeatureRows(found, layout.counts)


def _made_alone(make: Maker, layout: Layout, file: Path) -> Work[Tensor | None]:
    """Makes a file that no other process of this machine makes meanwhile, and returns its rows."""
    with file.with_suffix(".lock").open("w") as lock:
        yield from _locked(lock.fileno())
        found = _mapped(file, layout)
        if found is None:
            yield from _write(file, make())
            found = _mapped(file, layout)
        return found


def _locked(lock: int) -> Work[None]:
    """Waits until the lock is ours, where the file system has locks."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(POLL_S)
            yield
        except OSError:  # a network's file system that knows no locks
            return
        else:
            return


def _in_memory(make: Maker, layout: Layout) -> Work[FeatureRows]:
    made = []
    for rows in make():
        made.append(rows.cpu())
        yield
    return FeatureRows(torch.cat(made), layout.counts)


def _mapped(file: Path, layout: Layout) -> Tensor | None:
    """Returns the rows of a whole file; None if there is none."""
    size = layout.num_bytes
    try:
        if file.stat().st_size != size + hashlib.sha256().digest_size:
            return None
        held = np.memmap(file, dtype=np.uint8, mode="c")
    except OSError:
        return None
    content, digest = held[:size], held[size:]
    if hashlib.sha256(content.data).digest() != digest.tobytes():
        return None
    return torch.from_numpy(content).view(layout.dtype).view(-1, layout.width)


def _write(file: Path, made: Iterator[Tensor]) -> Work[None]:
    """Writes the rows where `file` shall be, whole or not at all."""
    descriptor, part = tempfile.mkstemp(suffix=".part", dir=file.parent)
    digest = hashlib.sha256()
    try:
        with os.fdopen(descriptor, "wb") as stream:
            for rows in made:
                piece = rows.cpu().contiguous().view(torch.uint8).numpy().tobytes()
                stream.write(piece)
                digest.update(piece)
                yield
            stream.write(digest.digest())
        Path(part).replace(file)
    finally:
        with suppress(OSError):
            Path(part).unlink(missing_ok=True)

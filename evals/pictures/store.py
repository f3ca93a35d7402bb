"""Pictures of one size kept in a file that is mapped into memory, so that they are made once.

A file is named by a key that stands for all that decides its pixels. It holds these, a byte for
each picture (0: it is left out), and the SHA-256 of both. A file that is damaged is made anew;
where nothing can be written, pictures stay in memory. Processes of one machine share its pages.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL

from evals.errors import ConfigError
from evals.paths import read_path
from evals.pictures.picture import Picture, Pixels

CACHE = "~/.cache/lethe"
"""Where pictures are kept, if nobody says otherwise."""
PART_S = 24 * 3600
"""Age at which the beginning of a file belongs to nobody any more."""

Found = tuple[Picture | None, ...]
Maker = Callable[[], Iterable[Pixels | None]]
"""Makes all pictures in order, None for one that is left out; it may be called again."""


def store_key(said: object, *, code: Sequence[str]) -> str:
    """Returns a key for pictures that are made from `said`, JSON, by the source files `code`."""
    made_by = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in code]
    text = json.dumps([said, made_by, PIL.__version__, np.__version__], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def cache_folder(given: str | None, *, key: str) -> Path | None:
    """Returns the folder for pictures within `given`, which a person wrote as the setting `key`.

    Raises:
        ConfigError: no file system takes the path.
    """
    if given is None:
        return None
    try:
        return read_path(given, key=key) / "pictures"
    except ConfigError:
        if given == CACHE:  # nobody's home
            return None
        raise


def stored_pictures(make: Maker, *, key: str, count: int, size: int, folder: Path | None) -> Found:
    """Returns the `count` pictures that `make` makes, `size` pixels a side."""
    if folder is None:
        return _in_memory(make)
    file = folder / f"{key}.pictures"
    found = _mapped(file, count, size)
    if found is None:
        try:
            _write(file, make(), size)
        except OSError:  # read-only, full, a file in the folder's place
            return _in_memory(make)
        found = _mapped(file, count, size)
    return _in_memory(make) if found is None else found


def _in_memory(make: Maker) -> Found:
    return tuple(None if pixels is None else Picture(pixels) for pixels in make())


def _mapped(file: Path, count: int, size: int) -> Found | None:
    """Returns the pictures of a whole file; None if there is none."""
    num_pixels = count * size * size * 3
    try:
        if file.stat().st_size != num_pixels + count + hashlib.sha256().digest_size:
            return None
        held = np.memmap(file, dtype=np.uint8, mode="r").view(np.ndarray)
    except OSError:
        return None
    content, digest = held[: num_pixels + count], held[num_pixels + count :]
    if hashlib.sha256(content.data).digest() != digest.tobytes():
        return None
    pictures = content[:num_pixels].reshape(count, size, size, 3)
    there = content[num_pixels:]
    return tuple(Picture(pictures[k]) if there[k] else None for k in range(count))


def _write(file: Path, made: Iterable[Pixels | None], size: int) -> None:
    """Writes the pictures where `file` shall be, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _remove_old_parts(file.parent)
    descriptor, part = tempfile.mkstemp(suffix=".part", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            _write_content(stream, made, bytes(size * size * 3))
        Path(part).replace(file)
    finally:
        with suppress(OSError):
            Path(part).unlink(missing_ok=True)


def _write_content(stream: BinaryIO, made: Iterable[Pixels | None], blank: bytes) -> None:
    digest, there = hashlib.sha256(), bytearray()
    for pixels in made:
        there.append(pixels is not None)
        piece = blank if pixels is None else np.ascontiguousarray(pixels).tobytes()
        stream.write(piece)
        digest.update(piece)
    digest.update(there)
    stream.write(bytes(there) + digest.digest())


def _remove_old_parts(folder: Path) -> None:
    """Removes what was begun by processes that were killed."""
    for part in folder.glob("*.part"):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > PART_S:
                part.unlink()

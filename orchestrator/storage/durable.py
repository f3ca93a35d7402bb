"""Writes that are on the disk, and not in a cache, once they are done."""

import os
from pathlib import Path


def write_durably(file: Path, text: str) -> None:
    """Writes a file, in UTF-8, and forces its content to disk."""
    with file.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def replace_durably(file: Path, text: str) -> None:
    """Writes a file anew, all at once: a reader sees the old one or the new one."""
    part = file.with_name(f".{file.name}.part")
    write_durably(part, text)
    part.replace(file)


def sync(path: Path) -> None:
    """Forces a file's content or a folder's entries to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

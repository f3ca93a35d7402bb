"""Files that grow by whole lines: journals that outlive the process which writes them."""

import os
from collections.abc import Callable
from pathlib import Path

from trainers.disk_full import lacks_room

Wait = Callable[[OSError], None]
"""Told that a write found no room; returns when it may be tried again, or raises."""


def at_once(error: OSError) -> None:
    """Waits for nothing: raises `error`."""
    raise error


def mend(file: Path) -> None:
    """Removes the half line that a process which died while writing left at the end.

    Whatever is appended after it would be lost with it.
    """
    if not file.is_file():
        return
    with file.open("r+b") as stream:
        text = stream.read()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            stream.truncate(whole)


def whole_lines(file: Path) -> list[str]:
    """Returns the lines of `file`; half a line at its end, and a file that is not there, are none.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is not text.
    """
    if not file.exists():
        return []
    # Not `splitlines`: a text within a line may hold characters that it takes for line ends.
    return file.read_text(encoding="utf-8").split("\n")[:-1]


def append(file: Path, text: str, *, wait: Wait) -> None:
    """Appends a line, as soon as there is room for the whole of it."""

    def write() -> None:
        with file.open("a", encoding="utf-8") as stream:
            stream.write(text)

    all_or_nothing(file, write, wait=wait)


def all_or_nothing(file: Path, write: Callable[[], None], *, wait: Wait) -> None:
    """Has `write` append to `file` until it succeeds; of what finds no room nothing stays."""
    while True:
        size = file.stat().st_size if file.exists() else 0
        try:
            write()
        except OSError as error:
            if file.exists():
                os.truncate(file, size)
            if not lacks_room(error):
                raise
            wait(error)
        else:
            return

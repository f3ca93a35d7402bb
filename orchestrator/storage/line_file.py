"""Files that grow by whole lines: journals that outlive the process which writes them.

A line is a JSON object that ends with its *seal*, a hash of all lines up to it and of whose file it
is. So a line that was lost, doubled, changed, or comes from another file is noticed as soon as the
file is read. What was *seen* of other files, their last seals when the line was written, tells when
those have lost their last lines.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainers.disk_full import lacks_room

Wait = Callable[[OSError], None]
"""Told that a write found no room; returns when it may be tried again, or raises."""

NUM_DIGITS = 24
"""Of a seal; a job's hash, which is looked for in these files, has others."""
END = re.compile(r'(?:,"seen":(\{[^{}]*\}))?,"seal":"([0-9a-f]{24})"\}\Z')


class NotAsWritten(ValueError):
    """Raised for a line that does not follow from those before it; says which."""


@dataclass(frozen=True, slots=True)
class SealedLine:
    """A line as it was appended, with its seal and the seals that it had seen, by file."""

    text: str
    seal: str
    seen: Mapping[str, str]


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
    """Returns the lines of `file` as they were appended; see `sealed_lines`."""
    return [line.text for line in sealed_lines(file)]


def sealed_lines(file: Path) -> list[SealedLine]:
    """Returns the lines of `file`; half a line at its end, and a file that is not there, are none.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is not text.
        NotAsWritten: a line was lost, doubled or changed, or is another file's.
    """
    if not file.exists():
        return []
    found, before = list[SealedLine](), _first_seal(file)
    # Not `splitlines`: a text within a line may hold characters that it takes for line ends.
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n")[:-1], start=1):
        match = END.search(line)
        if match is None or match[2] != _seal(before, line[: match.start(2) - len(',"seal":"')]):
            raise NotAsWritten(
                f"line {number}, which was changed or doubled, is another file's, or comes after "
                "one that is lost"
            )
        seen = json.loads(match[1]) if match[1] else {}
        found.append(SealedLine(f"{line[: match.start()]}}}", match[2], seen))
        before = match[2]
    return found


def last_seal(file: Path) -> str:
    """Returns the seal of the last whole line of `file`; nothing if there is none.

    Raises:
        OSError: it cannot be read.
    """
    if not file.exists():
        return ""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - NUM_DIGITS - 3))
        end = re.fullmatch(rb'([0-9a-f]{24})"\}\n', stream.read())
    return "" if end is None else end[1].decode()


def append(file: Path, text: str, *, wait: Wait, seeing: Sequence[Path] = ()) -> None:
    """Appends a line, a JSON object, as soon as there is room for the whole of it.

    The last seals of the files `seeing` are taken down with it.
    """
    seen = {other.name: last_seal(other) for other in seeing}
    line = f'{text[:-1]},"seen":{json.dumps(seen)}}}' if seen else text
    append_all(file, [line], wait=wait)


def append_all(file: Path, lines: Sequence[str], *, wait: Wait, durably: bool = False) -> None:
    """Appends lines, all of them or none, as soon as there is room; `durably` is on the disk."""

    def write() -> None:
        content = _sealed(file, lines).encode()
        with file.open("ab") as stream:
            stream.write(content)
            if durably:
                stream.flush()
                os.fsync(stream.fileno())

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


def _sealed(file: Path, lines: Sequence[str]) -> str:
    text, before = "", last_seal(file) or _first_seal(file)
    for line in lines:
        before = _seal(before, line[:-1])
        text += f'{line[:-1]},"seal":"{before}"}}\n'
    return text


def _first_seal(file: Path) -> str:
    """Returns what the first line follows: the file's own name in its sweep's folder."""
    return f"{file.parent.name}/{file.name}"


def _seal(before: str, text: str) -> str:
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()[:NUM_DIGITS]

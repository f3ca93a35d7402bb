"""What people ask of a sweep's driver while it runs, a line each in the sweep's folder.

Anybody who may write to the folder appends; only the driver reads, and what it has obeyed is in
its ledger. So a line needs no seal: half a line, or one of something else, counts for nothing.
"""

import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator.storage.file_stamp import Stamp, stamp_of
from orchestrator.storage.files import CONTROL_FILE

MAX_BYTES = 2**22
"""Of the file, from its end, that are read: somebody may have put anything there."""


class Verb(StrEnum):
    """What can be asked."""

    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    ADD = "add"
    TRIALS = "trials"
    FINISH = "finish"


class Command(BaseModel):
    """What is asked of the sweep of that name, `at` in seconds since the epoch.

    `label` is a method's. `trials` are how many it shall have, `params` what it shall try, and
    `note` is what a person has said of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    at: float
    sweep: str
    verb: Verb
    label: str = Field("", max_length=200)
    trials: int | None = Field(None, ge=1, le=10**9)
    params: Mapping[str, bool | int | float | str] = {}
    note: str = Field("", max_length=300)


def append_command(folder: Path, command: Command) -> None:
    """Appends a command in one write, after whatever half a line there may be.

    Raises:
        OSError: it cannot be written.
    """
    text = command.model_dump_json(exclude_defaults=True)
    handle = os.open(folder / CONTROL_FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        with suppress(OSError):  # a file system may have no locks: one write is one line there, too
            fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        is_whole = size == 0 or os.pread(handle, 1, size - 1) == b"\n"
        line = f"{'' if is_whole else chr(10)}{text}\n".encode()
        if os.write(handle, line) < len(line):
            os.ftruncate(handle, size)
            raise OSError(f"{folder / CONTROL_FILE} took half a line")
        os.fsync(handle)
    finally:
        os.close(handle)


class CommandReader:
    """Reads the commands of the sweep in `folder` again whenever there may be others."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / CONTROL_FILE
        self._seen: Stamp | None = None

    def read(self) -> list[Command]:
        """Returns all whole commands if the file has changed since it was read; else none.

        What cannot be read is as good as not there.
        """
        now = stamp_of(self._file)
        with suppress(OSError):
            if now not in (None, self._seen) and self._file.is_file():
                commands = _commands(self._file, sweep=self._file.parent.name)
                self._seen = now
                return commands
        return []


def _commands(file: Path, *, sweep: str) -> list[Command]:
    with file.open("rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - MAX_BYTES))
        lines = stream.read(MAX_BYTES).split(b"\n")[:-1]
    found = list[Command]()
    for line in lines:
        with suppress(ValidationError):
            found.append(Command.model_validate_json(line))
    return [command for command in found if command.sweep == sweep]

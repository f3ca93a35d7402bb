"""A sweep's folder has one driver at a time: who holds it, and whether that one is still alive.

The lock is the kernel's (`flock`), so it ends with the process that holds it, however that ends.
Where a file system has no such locks, or they do not reach other hosts, a beat stands in: the
driver sets the lock file's time every few seconds.
"""

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from evals.errors import ConfigError
from orchestrator.storage.files import LOCK_FILE
from orchestrator.storage.writable_folder import unwritable

BEAT_S = 5.0
SURELY_DEAD_S = 600.0
"""Age of a beat that no difference between two hosts' clocks explains."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that drives a sweep; `since` in seconds since the epoch."""

    host: str
    pid: int
    since: Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]


_HOLDER = TypeAdapter(Holder)


def holder_of(folder: Path) -> Holder | None:
    """Returns who drives the sweep of a folder, as far as can be told without taking its lock.

    On another host that is who was heard of in the last minutes.
    """
    file = folder / LOCK_FILE
    try:
        holder = _HOLDER.validate_json(file.read_bytes())
        is_old = abs(time.time() - file.stat().st_mtime) > SURELY_DEAD_S
    except (OSError, ValidationError):
        return None
    is_here = holder.host == socket.gethostname()
    return None if is_old or (is_here and not is_alive(holder.pid)) else holder


class FolderLock:
    """The right to drive the sweep of a folder, held until it is closed or the process ends."""

    def __init__(self, folder: Path, *, beat_s: float = BEAT_S) -> None:
        self._beat_s = beat_s
        self._handle = _opened(folder / LOCK_FILE)
        try:
            self.last_alive = self._take(folder)
        except BaseException:
            os.close(self._handle)
            raise
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="lock", daemon=True)
        self._heart.start()

    last_alive: float | None
    """When the driver before this one was last alive, if it was killed."""

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the folder back."""
        self._over.set()
        self._heart.join()
        os.ftruncate(self._handle, 0)
        os.close(self._handle)

    def _take(self, folder: Path) -> float | None:
        """Takes the lock and returns the last beat of a driver that did not give it back."""
        reaches = self._lock()
        holder = self._holder()
        elsewhere = holder is not None and holder.host != socket.gethostname()
        if reaches is False or ((reaches is None or elsewhere) and self._is_beating()):
            raise _taken(folder, holder)
        last = os.fstat(self._handle).st_mtime if holder is not None else None
        me = Holder(socket.gethostname(), os.getpid(), time.time())
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps(asdict(me)).encode(), 0)
        return last

    def _lock(self) -> bool | None:
        """Returns whether the lock was free; None where the file system has no locks."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True

    def _holder(self) -> Holder | None:
        try:
            return _HOLDER.validate_json(os.pread(self._handle, 4096, 0))
        except ValidationError:
            return None

    def _is_beating(self) -> bool:
        """Watches the lock file for as long as a living driver lets it be, and a little longer."""
        first = os.fstat(self._handle).st_mtime
        if abs(time.time() - first) > SURELY_DEAD_S:
            return False
        return _within(3 * self._beat_s, lambda: os.fstat(self._handle).st_mtime != first)

    def _beat(self) -> None:
        while not self._over.wait(self._beat_s):
            now = time.time()
            os.utime(self._handle, (now, now))


def is_alive(pid: int) -> bool:
    """Returns whether this host has a process of that number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _opened(file: Path) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise unwritable(file.parent, error.strerror) from None


def _within(seconds: float, happens: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.1)
    return False


def _taken(folder: Path, holder: Holder | None) -> ConfigError:
    if holder is None:
        who, stop = "another process, which has only just begun", "wait a moment and try again"
    else:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(holder.since))
        who = f"process {holder.pid} on {holder.host} (since {since})"
        stop = f"wait for its end, or stop it there with kill {holder.pid}"
    return ConfigError(
        f"the sweep in {folder} must have one driver at a time but is driven by {who}; "
        f"{stop}, or give this sweep a name of its own with name=<name>"
    )

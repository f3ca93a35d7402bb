"""Says at a sweep's URL who drives it, again and again, whatever is brought there meanwhile."""

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.errors import ConfigError
from orchestrator.remote.url_file_system import Unreachable
from orchestrator.storage.files import DRIVER_FILE, sweep_path
from orchestrator.storage.lock import is_alive

DEAD_S = 300.0
"""A driver that was not heard of for so long is dead, whatever the clocks say."""


class Place(Protocol):
    """Where the signs of life are: a mirror."""

    @property
    def url(self) -> str:
        """Its name for people."""
        ...

    def read(self, path: str) -> bytes | None:
        """Returns what a file there holds; None if it is not there."""
        ...

    def write(self, path: str, text: bytes) -> None:
        """Writes a file there."""
        ...


class _Sign(BaseModel):
    model_config = ConfigDict(frozen=True)

    host: str
    pid: int
    at: float
    over: bool


class Heartbeat:
    """The signs of life of the sweep `name`, from a thread of their own as soon as it starts.

    An upload may take longer than a driver is given before it is taken for dead.
    """

    def __init__(
        self,
        place: Place,
        name: str,
        *,
        every_s: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._place = place
        self._name = name
        self._file = sweep_path(name, DRIVER_FILE)
        self._every_s = every_s
        self._now = now
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Gives the first sign, and has the others follow.

        Raises:
            ConfigError: the sweep is driven from elsewhere.
            Unreachable: the URL cannot be read or written.
        """
        self._check_alone()
        self.beat(over=False)
        self._thread.start()

    def end(self) -> None:
        """Gives no signs any more; that this was the last one, `beat` says."""
        self._ended.set()
        self._thread.join()

    def beat(self, *, over: bool) -> None:
        """Gives a sign of life, or says that the sweep is `over`.

        Raises:
            Unreachable: the URL cannot be written.
        """
        sign = _Sign(host=socket.gethostname(), pid=os.getpid(), at=self._now(), over=over)
        self._place.write(self._file, sign.model_dump_json().encode())

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            with suppress(Unreachable, OSError):  # the uploader complains of a URL that is away
                self.beat(over=False)

    def _check_alone(self) -> None:
        """Refuses a sweep that another driver has given signs of life for."""
        sign = _sign_in(self._place.read(self._file))
        if sign is None or sign.over:
            return
        age_s = self._now() - sign.at
        dead = age_s >= DEAD_S
        if sign.host == socket.gethostname():
            dead = dead or sign.pid == os.getpid() or not is_alive(sign.pid)
        if not dead:
            raise ConfigError(
                f"the sweep {self._name!r} at {self._place.url} must have one driver at a time "
                f"but is driven by process {sign.pid} on {sign.host} (last heard of "
                f"{age_s:.0f} s ago); wait for its end, or for {DEAD_S:g} s if it is dead, or give "
                "this sweep a name of its own with name=<name>"
            )


def _sign_in(text: bytes | None) -> _Sign | None:
    """Returns the sign of life that was read; None where there is none, or a damaged one."""
    try:
        return None if text is None else _Sign.model_validate_json(text)
    except ValidationError:
        return None

"""Takes what a sweep leaves in its storage folder to the URL that it is kept at, all the while.

One thread does it in the background: an unreachable URL holds nothing up, is tried again, and is
complained of in the end. The thread also says there that the sweep is being driven.
"""

import json
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

from evals.errors import ConfigError
from orchestrator.storing.mirror import LEASE, Mirror, Unreachable, unusable
from orchestrator.storing.records import is_alive

EVERY_S = 30.0
"""Seconds between copies of the sweep's own folder."""
DEAD_S = 10 * EVERY_S
"""A driver elsewhere that was not heard of for so long is dead, whatever the clocks say."""
TRIES_AT_END = 5


class Courier:
    """Brings the jobs and the folder of the sweep `name` to `mirror`; `say` gets what people see.

    Raises:
        ConfigError: the sweep is driven from elsewhere, or the URL cannot be written to.
    """

    def __init__(
        self, mirror: Mirror, name: str, *, say: Callable[[str], None], every_s: float = EVERY_S
    ) -> None:
        self._mirror = mirror
        self._name = name
        self._say = say
        self._every_s = every_s
        self._errands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._waiting: list[Callable[[], None]] = []
        self._said = False
        try:
            self._check_alone()
            self._beat(over=False)
            self._waiting = [partial(mirror.push_job, each) for each in mirror.missing()]
        except Unreachable as error:
            raise unusable(mirror.url, error) from None
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def job(self, job_hash: str) -> None:
        """Has a finished job brought there."""
        self._errands.put(partial(self._mirror.push_job, job_hash))

    def forget_adapter(self, job_hash: str) -> None:
        """Has an adapter removed there."""
        self._errands.put(partial(self._mirror.forget_adapter, job_hash))

    def close(self) -> str | None:
        """Brings what is left, and returns what is missing there all the same and why, if so."""
        if not self._thread.is_alive():
            return None
        self._errands.put(None)
        self._thread.join()
        for attempt in range(TRIES_AT_END):
            complaint = self._round(over=True)
            if complaint is None:
                return None
            time.sleep(min(self._every_s, 2.0**attempt) if attempt + 1 < TRIES_AT_END else 0)
        return (
            f"not everything has reached {self._mirror.url} ({complaint}); run the same command "
            "again here to bring it there"
        )

    def _run(self) -> None:
        over = False
        while not over:
            over = self._take_errands()
            complaint = None if over else self._round(over=False)
            if complaint is not None and not self._said:
                self._say(f"lethe: {self._mirror.url} cannot be reached ({complaint}); tried again")
            self._said = complaint is not None

    def _take_errands(self) -> bool:
        """Waits for errands, but not for long; returns whether there will be no more."""
        wait: float | None = self._every_s
        while True:
            try:
                errand = self._errands.get(timeout=wait)
            except queue.Empty:
                return False
            if errand is None:
                return True
            self._waiting.append(errand)
            wait = 0.0

    def _round(self, *, over: bool) -> str | None:
        """Runs all errands in their order, copies the folder, and says why not, if so."""
        try:
            while self._waiting:
                self._waiting[0]()
                self._waiting.pop(0)
            self._mirror.push_sweep(self._name)
            self._beat(over=over)
        except (Unreachable, OSError) as error:
            return str(error)
        return None

    def _beat(self, *, over: bool) -> None:
        me = {"host": socket.gethostname(), "pid": os.getpid(), "at": time.time(), "over": over}
        self._mirror.write(f"sweeps/{self._name}/{LEASE}", json.dumps(me).encode())

    def _check_alone(self) -> None:
        """Refuses a sweep that a driver elsewhere has given signs of life for."""
        text = self._mirror.read(f"sweeps/{self._name}/{LEASE}")
        if text is None:
            return
        holder = json.loads(text)
        age_s = time.time() - holder["at"]
        if holder["host"] == socket.gethostname():
            alive = holder["pid"] != os.getpid() and is_alive(holder["pid"])
        else:
            alive = age_s < DEAD_S
        if alive and not holder["over"]:
            raise ConfigError(
                f"the sweep {self._name!r} at {self._mirror.url} must have one driver at a time "
                f"but is driven by process {holder['pid']} on {holder['host']} (last heard of "
                f"{age_s:.0f} s ago); wait for its end, or for {DEAD_S:g} s if it is dead, or give "
                "this sweep a name of its own with name=<name>"
            )

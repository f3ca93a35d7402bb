"""Waiting for room on a full disk: who waits, for how long, and what is said about it."""

import errno
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.storage.byte_size import size_text
from trainers.disk_full import lacks_room

RETRY_S = 1.0
"""Seconds after which the driver tries a write again."""

FREE_EVERY_S = 5.0
"""So long what was removed last is given to be of use."""

OVER_S = 60.0
"""The driver has found room of which nothing was heard for so long; it tries far more often."""

DRIVER = ""

Hold = Callable[[Callable[[], object]], None]
"""Makes a write as soon as there is room for it."""


class OutOfRoom(Exception):
    """Raised when what waits for room has waited for long enough; says where, and what helps."""


class SpaceSources:
    """All that can make room on a full disk; each is told why some is wanted."""

    def __init__(self) -> None:
        self._sources: list[Callable[[str], None]] = []

    def add(self, source: Callable[[str], None]) -> None:
        """Has `source` asked from now on."""
        self._sources.append(source)

    def __call__(self, reason: str) -> None:
        """Asks all of them; before there is any, nothing can be made."""
        for source in self._sources:
            source(reason)


@dataclass(frozen=True, slots=True)
class Clock:
    """How time goes by: `now` in seconds from anywhere."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class DiskFullMonitor:
    """Counts for how long there has been no room in the storage `folder`, or on another disk.

    `free_space` is told why and makes some, if it can; `may_wait` says whether the driver may still
    wait itself. A job may try for hours before it finds again that there is none, so silence says
    nothing about one: it has found room once a result is there.
    """

    def __init__(
        self,
        folder: Path,
        *,
        patience_s: float,
        free_space: Callable[[str], None],
        say: Callable[[str], None],
        may_wait: Callable[[], bool],
        clock: Clock = Clock(),  # noqa: B008  frozen
    ) -> None:
        self._folder = folder
        self._patience_s = patience_s
        self._free_space = free_space
        self._say = say
        self._may_wait = may_wait
        self._clock = clock
        self._since: dict[str, float] = {}
        self._heard: dict[str, float] = {}
        self._freed = -OVER_S
        self._elsewhere = False
        self._refused = ""

    @property
    def over(self) -> str | None:
        """Why the sweep is to leave: nothing has found room for long enough, or may not wait."""
        if self._refused:
            return self._refused
        now = self._clock.now()
        if DRIVER in self._since and now - self._heard[DRIVER] > OVER_S:
            self._forget(DRIVER)
        if all(self._heard[who] - since < self._patience_s for who, since in self._since.items()):
            return None
        return f"there was {self._none} for {self._patience_s:g} s (disk.patience_s); {self._cure}"

    def hear(self, reason: str, job: str = DRIVER) -> None:
        """Takes in that a job, or else the driver itself, waits for room, and why."""
        now = self._clock.now()
        self._elsewhere = not is_storages(reason, self._folder)
        if not self._since:
            self._say(
                f"lethe: {self._none}: {reason}; what waits is tried again for "
                f"{self._patience_s:g} s (disk.patience_s), everything else goes on; {self._cure}"
            )
        self._since.setdefault(job, now)
        self._heard[job] = now
        if now - self._freed >= FREE_EVERY_S:
            self._freed = now
            self._free_space(reason)

    def end(self) -> None:
        """Takes in that a result has found room."""
        for who in list(self._since):
            self._forget(who)

    def wait(self, error: OSError) -> None:
        """Waits a moment with a write of the driver's own that found no room.

        Raises:
            OutOfRoom: it has waited for long enough, or may not wait.
        """
        self.hear(str(error))
        reason = self.over
        if reason is None and not self._may_wait():
            reason = f"there is {self._none}; {self._cure}"
        if reason is not None:
            self._refused = reason
            raise OutOfRoom(reason)
        self._clock.sleep(RETRY_S)

    def hold(self, write: Callable[[], object]) -> None:
        """Makes a write of the driver's own, as soon as there is room for it.

        Raises:
            OutOfRoom: it has waited for long enough.
        """
        while True:
            try:
                write()
            except OSError as error:
                if not lacks_room(error):
                    raise
                self.wait(error)
            else:
                return

    def _forget(self, who: str) -> None:
        del self._since[who]
        if not self._since:
            self._say(f"lethe: there is room in {self._folder} again ({self._free()} free)")

    @property
    def _none(self) -> str:
        found = f"{self._folder} ({self._free()} free)"
        return (
            f"no room on a disk other than that of {found}"
            if self._elsewhere
            else (f"no room in {found}")
        )

    @property
    def _cure(self) -> str:
        return CURE_ELSEWHERE if self._elsewhere else CURE

    def _free(self) -> str:
        return size_text(shutil.disk_usage(self._folder).free)


CURE = "make room there, or set disk.quota for the weights that the sweep may keep"

CURE_ELSEWHERE = "make room where it says, such as in /tmp on the nodes"

NEARLY_FULL_BYTES, NEARLY_FULL_SHARE = 10 * 2**30, 0.05
"""A disk with less free than either is nearly full: what found no room has been removed since."""


def is_storages(reason: str, root: Path) -> bool:
    """Returns whether what found no room for `reason` may have found none on `root`'s own disk.

    A node's /tmp or /dev/shm may be full as well, and so may a user's share of any disk, which
    counts here where the reason names a file of the storage.
    """
    if f"{root}{os.sep}" in reason and not _is_limit(reason):
        return True
    disk = shutil.disk_usage(root)
    return disk.free < max(NEARLY_FULL_BYTES, NEARLY_FULL_SHARE * disk.total)


def _is_limit(reason: str) -> bool:
    """Returns whether the file was too large for its process, which no room helps against."""
    return os.strerror(errno.EFBIG) in reason

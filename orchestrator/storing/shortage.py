"""Waiting for room on a full disk: who waits, for how long, and what is said about it."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.storing.byte_size import size_text
from trainers.room import lacks_room

RETRY_S = 1.0
"""Seconds after which the driver tries a write again."""
RELIEVE_EVERY_S = 5.0
"""So long what was removed last is given to be of use."""
OVER_S = 60.0
"""A shortage of which nothing was heard for so long is over."""


Hold = Callable[[Callable[[], object]], None]
"""Makes a write as soon as there is room for it."""


class OutOfRoom(Exception):
    """Raised when what waits for room has waited for long enough; says where, and what helps."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How time goes by: `now` in seconds from anywhere."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Shortage:
    """Counts for how long there has been no room in `folder`.

    `relieve` makes some, if it can; `may_wait` says whether the driver may still wait itself.
    """

    def __init__(
        self,
        folder: Path,
        *,
        patience_s: float,
        relieve: Callable[[], None],
        say: Callable[[str], None],
        may_wait: Callable[[], bool],
        clock: Clock = Clock(),  # noqa: B008  frozen
    ) -> None:
        self._folder = folder
        self._patience_s = patience_s
        self._relieve = relieve
        self._say = say
        self._may_wait = may_wait
        self._clock = clock
        self._since: float | None = None
        self._heard = self._relieved = -OVER_S

    @property
    def over(self) -> str | None:
        """Why the sweep is to leave, if nothing has found room for as long as it may wait."""
        now = self._clock.now()
        if self._since is not None and now - self._heard > OVER_S:
            self.end()
        if self._since is None or now - self._since < self._patience_s:
            return None
        return (
            f"there was no room in {self._folder} ({self._free()} free) for "
            f"{self._patience_s:g} s (disk.patience_s); {CURE}"
        )

    def hear(self, reason: str) -> None:
        """Takes in that something waits for room, and why."""
        now = self._clock.now()
        if self._since is None:
            self._since = now
            self._say(
                f"lethe: no room in {self._folder} ({self._free()} free): {reason}; what waits is "
                f"tried again for {self._patience_s:g} s (disk.patience_s), everything else goes "
                f"on; {CURE}"
            )
        self._heard = now
        if now - self._relieved >= RELIEVE_EVERY_S:
            self._relieved = now
            self._relieve()

    def end(self) -> None:
        """Takes in that something has found room again."""
        if self._since is not None:
            self._since = None
            self._say(f"lethe: there is room in {self._folder} again ({self._free()} free)")

    def wait(self, error: OSError) -> None:
        """Waits a moment with a write of the driver's own that found no room.

        Raises:
            OutOfRoom: it has waited for long enough, or may not wait.
        """
        self.hear(str(error))
        reason = self.over
        if reason is None and not self._may_wait():
            reason = f"there is no room in {self._folder} ({self._free()} free); {CURE}"
        if reason is not None:
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

    def _free(self) -> str:
        return size_text(shutil.disk_usage(self._folder).free)


CURE = "make room there, or set disk.quota for the weights that the sweep may keep"

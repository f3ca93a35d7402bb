"""Notices that the cluster is gone: its head, or the node that this process is on.

Ray itself waits, for nodes that will never come where the one is gone, and for a minute where the
other is, blocking whoever asks it anything, and then ends the process without a word.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Part:
    """A process of the cluster, where it listens, and `what` is said of it.

    Without an answer for `patience_s` it is gone.
    """

    what: str
    address: tuple[str, int]
    patience_s: float


LOOK_S = 2.0
"""Seconds between two looks."""
ANSWER_S = 5.0
LEAVING_S = 10.0
"""Seconds for which whoever asks Ray may take to notice that, before the process is ended."""


class ClusterLost(RuntimeError):
    """Raised when the cluster is gone; says what of it."""


class ConnectionWatch:
    """Looks, for as long as it is entered, whether each of the `parts` still answers.

    `lost` says which one is gone, once one is, and `check` raises then. If nobody has left
    `leaving_s` later, as who waits for an answer of Ray's cannot, `on_stuck` is called from
    another thread.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        on_stuck: Callable[[str], None],
        look_s: float = LOOK_S,
        leaving_s: float = LEAVING_S,
    ) -> None:
        self._parts = parts
        self._on_stuck = on_stuck
        self._look_s = look_s
        self._leaving_s = leaving_s
        self._silent_since: dict[Part, float] = {}
        self._left = threading.Event()
        self.lost = ""
        self._thread = threading.Thread(target=self._watch, name="connection watch", daemon=True)

    def __enter__(self) -> "ConnectionWatch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()

    @property
    def answers(self) -> bool:
        """Whether every part has answered when it was last looked at: Ray can be asked then."""
        return not self._silent_since

    def check(self) -> None:
        """Does nothing as long as the cluster is there.

        Raises:
            ClusterLost: it is gone.
        """
        if self.lost:
            raise ClusterLost(self.lost)

    def settle(self) -> str:
        """Returns why the cluster is gone, once that is sure; nothing if it is there."""
        self._look()
        while not self.answers and not self.lost:
            self._left.wait(self._look_s / 4)
        return self.lost

    def _watch(self) -> None:
        while not self.lost and not self._left.wait(self._look_s):
            self._look()
        if not self._left.wait(self._leaving_s):
            self._on_stuck(self.lost)

    def _look(self) -> None:
        for part in self._parts:
            if _answers(part.address):
                self._silent_since.pop(part, None)
                continue
            now = time.monotonic()
            if now - self._silent_since.setdefault(part, now) >= part.patience_s:
                self.lost = f"{part.what} ({':'.join(map(str, part.address))}) is gone"


def _answers(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=ANSWER_S).close()
    except OSError:
        return False
    return True

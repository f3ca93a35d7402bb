"""Writes in the background, in order, and again what could not be written."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.tracking.failure import first_line

FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 30.0
"""Pauses between attempts double from the first to the longest."""
LEFT = "the sweep was left before it was written"


@dataclass(order=True, slots=True)
class _Write:
    """Something to be written once `due` (monotonic seconds) has come, the earlier put first."""

    due: float
    number: int
    make: Callable[[], None] = field(compare=False)
    failures: int = field(default=0, compare=False)
    reason: str = field(default="", compare=False)


class Writer:
    """One thread that makes writes; who puts them never waits.

    A write that fails comes again, after pauses that grow, until the writer is closed, which tries
    each one that is left a last time. While `gone` says that nobody answers, all of them wait, so
    that order is kept; else the one that failed steps aside.
    """

    def __init__(self, gone: Callable[[], str | None]) -> None:
        self._gone = gone
        self._news = threading.Condition()
        self._waiting: list[_Write] = []
        self._numbers = itertools.count()
        self._missed: list[_Write] = []
        self._pause_s = 0.0
        self._held_until = 0.0
        self._closing = False
        self._lost = ""
        self._num_made = 0
        self._given_up = False
        self._current: _Write | None = None
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._thread.start()

    @property
    def missed(self) -> tuple[str, ...]:
        """Why each write that was tried in vain, or given up, is still missing."""
        with self._news:
            failed = [write for write in sorted(self._waiting) if write.reason]
            return tuple(write.reason for write in [*failed, *self._missed])

    def put(self, make: Callable[[], None], *, after_s: float = 0.0) -> None:
        """Has something written, `after_s` from now at the earliest."""
        with self._news:
            write = _Write(time.monotonic() + after_s, next(self._numbers), make)
            heapq.heappush(self._waiting, write)
            self._news.notify()

    def close(self, *, patience_s: float | None = None) -> None:
        """Makes what is left, twice what fails for the first time, and returns then.

        Or after `patience_s` in which nothing could be written, with the rest given up.
        """
        with self._news:
            self._closing = True
            for write in self._waiting:
                write.due = 0.0
            heapq.heapify(self._waiting)  # by the order in which they were put
            self._news.notify()
        while self._thread.is_alive():
            made = self._num_made
            self._thread.join(patience_s)
            if self._thread.is_alive() and self._num_made == made:
                self._give_up()
                return

    def _give_up(self) -> None:
        """Leaves what is not written; the thread ends after the write that it is at."""
        with self._news:
            current = [] if self._current is None else [self._current]
            self._missed += [*current, *self._waiting]
            for write in self._missed:
                write.reason = write.reason or LEFT
            self._waiting.clear()
            self._given_up = True

    def _work(self) -> None:
        while (write := self._next()) is not None:
            self._attempt(write)
            with self._news:
                self._current = None

    def _next(self) -> _Write | None:
        """Returns the next write as soon as it may be made; None once a closing writer is done."""
        with self._news:
            while not self._closing:
                due = max(self._waiting[0].due, self._held_until) if self._waiting else None
                wait_s = None if due is None else due - time.monotonic()
                if wait_s is not None and wait_s <= 0:
                    break
                self._news.wait(wait_s)
            self._current = heapq.heappop(self._waiting) if self._waiting else None
            return self._current

    def _attempt(self, write: _Write) -> None:
        if self._lost:
            write.reason = self._lost
            self._missed.append(write)
            return
        try:
            write.make()
        except Exception as error:  # noqa: BLE001  the tracker boundary: a sweep outlives it
            self._after(write, first_line(error), gone=self._gone() is not None)
        else:
            self._num_made += 1
            self._pause_s = 0.0

    def _after(self, write: _Write, reason: str, *, gone: bool) -> None:
        """Puts back what could not be written."""
        with self._news:
            if self._given_up:
                return
            first = not write.failures
            write.failures += 1
            write.reason = reason
            if self._closing and (gone or not first):
                self._lost = reason if gone else ""
                self._missed.append(write)
                return
            if self._closing:
                write.due = 1.0  # after all others
            elif gone:
                self._pause_s = min(LONGEST_RETRY_S, max(FIRST_RETRY_S, 2 * self._pause_s))
                self._held_until = time.monotonic() + self._pause_s
            else:
                pause_s = FIRST_RETRY_S * 2.0 ** min(write.failures - 1, 16)
                write.due = time.monotonic() + min(LONGEST_RETRY_S, pause_s)
            heapq.heappush(self._waiting, write)

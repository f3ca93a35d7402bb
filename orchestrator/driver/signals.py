"""How a driver leaves when it is asked to: by SIGINT (Ctrl-C) or SIGTERM (`ray job stop`)."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


class Interrupted(Exception):
    """Raised where a wish to leave was seen and everything is in order."""


SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Turns both signals into one wish to leave.

    A signal raises KeyboardInterrupt wherever the driver is, except while it is `deferred`: then
    the first one only sets `wished`, and who runs has to look. A second one does not wait. As a
    context it listens, and at its end leaves the signals as they were; an error that came of a wish
    to leave ends there.

    `wished` stays. What a signal raises may be lost on its way: libraries take it for an error of
    their own, and nobody hears of what is raised in a finalizer. So who has come a step further
    calls `check`.
    """

    def __init__(self) -> None:
        self.wished = False
        self._deferred = False
        self._before = {number: signal.getsignal(number) for number in SIGNALS}

    def __enter__(self) -> "StopSignals":
        for number, handler in self._before.items():
            if handler is not signal.SIG_IGN:  # as it is for a job in a shell's background
                signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        return self.wished and isinstance(error, Exception | KeyboardInterrupt)

    def check(self) -> None:
        """Does nothing, unless there is a wish to leave.

        Raises:
            KeyboardInterrupt: there is one.
        """
        if self.wished:
            raise KeyboardInterrupt

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Lets the first signal only set `wished` for as long as this lasts."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        signal.alarm(0)  # while Ray starts, its own handler comes first, and aborts 3 s later
        again, self.wished = self.wished, True
        if again or not self._deferred:
            raise KeyboardInterrupt

"""Tells how far the models for attacks are: hundreds of seconds each, and one line now and then."""

from collections.abc import Callable

from orchestrator.reporting.duration import duration
from orchestrator.storage.result import Result, State

EVERY_S = 30.0
"""Seconds between lines."""


class AttackProgress:
    """Counts models for attacks, and writes how many there are, their pace and the time left."""

    def __init__(self, write: Callable[[str], None], *, clock: Callable[[], float]) -> None:
        self._write = write
        self._clock = clock
        self._total = self._num_done = self._num_found = self._num_failed = 0
        self._began = self._said = 0.0

    def begin(self, total: int) -> None:
        """Begins to count to `total`."""
        self._total = total
        self._began = self._said = self._clock()

    def count(self, result: Result, *, cached: bool) -> None:
        """Counts a model, and says how far it is if that was a while ago, or was the last."""
        self._num_done += 1
        self._num_found += cached
        self._num_failed += result.state == State.FAILED
        now = self._clock()
        if self._num_done == self._total or now - self._said >= EVERY_S:
            self._said = now
            self._write("  ".join(self._parts(now)))

    def _parts(self, now: float) -> list[str]:
        made = self._num_done - self._num_found
        parts = [f"attacks: {self._num_done} of {self._total} models"]
        parts += [f"{self._num_found} found in storage"] if self._num_found else []
        parts += [f"{self._num_failed} failed"] if self._num_failed else []
        if not made:
            return parts
        pace_s = (now - self._began) / made
        left = self._total - self._num_done
        parts.append(f"{pace_s:.2f} s a model")
        return [*parts, f"about {duration(pace_s * left)} left"] if left else parts

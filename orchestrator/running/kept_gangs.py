"""Gangs that stay while nothing starts: Tune itself would keep one and end the others."""

import time
from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

KEPT_S = 60.0
"""How long a gang is kept idle while others run: about what one takes to start and load a model."""


class IdleTrainables(Protocol):
    """Tune's own cache of trainables whose trials have ended, by the shape of their gangs."""

    @property
    def num_cached_objects(self) -> int:
        """How many there are."""
        ...

    def increase_max(self, key: Hashable) -> None:
        """Lets one more of that shape stay."""
        ...

    def decrease_max(self, key: Hashable) -> None:
        """Lets one less stay."""
        ...


class KeptGangs:
    """Has Tune keep the trainables, and their gangs with them, of trials that end in a pause.

    Or while others run that the next ones wait for: then for `most_s` at most, about what a gang
    takes to start, so that nodes which stay idle for longer are given back.

    Tune keeps as many idle trainables as it has trials waiting for one. So those that run when the
    pause begins are counted in, until what they were kept for has begun.
    """

    def __init__(
        self, *, most_s: float = KEPT_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most_s = most_s
        self._clock = clock
        self._shapes: tuple[Hashable, ...] = ()
        self._idle_since: float | None = None

    @property
    def any(self) -> bool:
        """Whether some are kept, or were idle in a wait whose end has not been seen."""
        return bool(self._shapes) or self._idle_since is not None

    def look(
        self,
        idle: IdleTrainables,
        running: Sequence[Hashable],
        *,
        paused: bool,
        waits: bool = False,
        over: bool = False,
    ) -> None:
        """Begins to keep gangs of the shapes `running` where a pause or a wait has begun.

        It ends once that is over and none is idle any more, or will be needed: nothing is to come,
        or not before long.
        """
        is_long = self._idle_for_long(idle, waits=waits)
        keeps = paused or (waits and not is_long)
        if keeps and not self._shapes:
            self._shapes = tuple(running)
            for shape in self._shapes:
                idle.increase_max(shape)
        elif not keeps and (waits or over or not idle.num_cached_objects):
            for shape in self._shapes:
                idle.decrease_max(shape)
            self._shapes = ()

    def _idle_for_long(self, idle: IdleTrainables, *, waits: bool) -> bool:
        """Returns whether one has been idle for that long in the wait that goes on."""
        if not (waits and idle.num_cached_objects):
            self._idle_since = None
            return False
        now = self._clock()
        self._idle_since = now if self._idle_since is None else self._idle_since
        return now - self._idle_since >= self._most_s

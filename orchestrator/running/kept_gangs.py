"""Gangs that stay while nothing starts: Tune itself would keep one and end the others."""

from collections.abc import Hashable, Sequence
from typing import Protocol


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

    Tune keeps as many idle trainables as it has trials waiting for one. So those that run when the
    pause begins are counted in, until what they were kept for has begun.
    """

    def __init__(self) -> None:
        self._shapes: tuple[Hashable, ...] = ()

    @property
    def any(self) -> bool:
        """Whether some are kept."""
        return bool(self._shapes)

    def look(self, idle: IdleTrainables, running: Sequence[Hashable], *, paused: bool) -> None:
        """Begins to keep gangs of the shapes `running` where a pause has begun.

        It ends once that is over and none is idle any more.
        """
        if paused and not self._shapes:
            self._shapes = tuple(running)
            for shape in self._shapes:
                idle.increase_max(shape)
        elif not paused and not idle.num_cached_objects:
            for shape in self._shapes:
                idle.decrease_max(shape)
            self._shapes = ()

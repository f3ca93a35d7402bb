"""Which of some items a rank scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shard:
    """One rank's share of some items: every `world`-th, starting at `rank`."""

    rank: int = 0
    world: int = 1

    def take(self, items: Sequence[T]) -> tuple[T, ...]:
        """Returns this shard's items, in order."""
        return tuple(items[self.rank :: self.world])

    def parts(self, items: Sequence[T]) -> tuple[tuple[T, ...], ...]:
        """Returns every shard's items, rank by rank."""
        return tuple(tuple(items[rank :: self.world]) for rank in range(self.world))

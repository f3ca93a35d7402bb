"""The splits of a benchmark: the same people in other roles, for models that are to be compared.

A benchmark that has splits has a setting `split` and says by `num_splits(config)` how many there
are, 0 where its settings leave it only one. Each draws other people to be retained. In the second
half of them those who are to be forgotten and the holdout have changed places.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from evals import plugins
from evals.building import PACKAGE
from evals.choice import Choice, choose


class World(StrEnum):
    """Whom the models of a split are to forget: people of this role in the first split."""

    FORGET = "forget"
    HOLDOUT = "holdout"


@dataclass(frozen=True, slots=True)
class Splits:
    """How many splits a benchmark has; the one that it is built with is its `own`."""

    own: int
    num: int

    def searched(self, num: int) -> tuple[int, ...]:
        """Returns the `num` splits that a search sees: its own one, and the next of its world."""
        world = World.FORGET if self.own < self.num // 2 else World.HOLDOUT
        rest = [split for split in self._of(world) if split != self.own]
        return (self.own, *rest[: num - 1])

    def others(self, world: World, *, searched: int = 1) -> list[int]:
        """Returns the splits of a world that a search of so many splits does not see."""
        seen = self.searched(searched)
        return [split for split in self._of(world) if split not in seen]

    def _of(self, world: World) -> range:
        half = self.num // 2
        return range(half) if world == World.FORGET else range(half, self.num)


def splits_of(choice: Choice) -> Splits | None:
    """Returns the splits of the benchmark that `choice` names; None where there are none."""
    module = plugins.load(PACKAGE, choice.name, key="benchmark.name")
    count: Callable[[object], int] | None = getattr(module, "num_splits", None)
    if count is None:
        return None
    config = choice.config(PACKAGE)
    num = count(config)
    return Splits(config.split, num) if num else None


def at_split(choice: Choice, split: int) -> Choice:
    """Returns the choice of the same benchmark at another of its splits."""
    settings = {**choice.settings, "split": split}
    return choose(PACKAGE, {"name": choice.name, **settings}, key="benchmark")

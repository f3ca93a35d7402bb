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

    def others(self, world: World) -> list[int]:
        """Returns the splits of a world but for its own one."""
        half = self.num // 2
        found = range(half) if world == World.FORGET else range(half, self.num)
        return [split for split in found if split != self.own]


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

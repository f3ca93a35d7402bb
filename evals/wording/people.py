"""Fictitious people of a seed: what is said of one and what is drawn is of the same person."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from evals.wording.names import full_names


@dataclass(frozen=True, slots=True)
class Person:
    """A person, who depends on the seed and the own number alone."""

    seed: int
    number: int
    name: str

    @property
    def id(self) -> str:
        """What ids of the person's examples begin with, in every modality."""
        return f"person-{self.number:04d}"

    def rng(self, topic: str) -> random.Random:
        """Returns what draws all of the person that is of one `topic`, such as "portrait/3"."""
        first, *rest = topic.split("/")
        return random.Random("/".join(("lethe", first, f"{self.seed}", f"{self.number}", *rest)))


def people(seed: int) -> Iterator[Person]:
    """Yields person after person, for ever."""
    for number, name in enumerate(full_names(seed)):
        yield Person(seed, number, name)

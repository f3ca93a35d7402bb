"""Pictures of people, and which of them a task scores."""

from dataclasses import dataclass

from evals.benchmark import Role
from evals.pictures.picture import Picture


@dataclass(frozen=True, slots=True)
class Face:
    """A picture of a person.

    `label` numbers the people of a benchmark from 0, whoever of them is trained on.
    """

    id: str
    person: str
    label: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class Task:
    """Pictures to be scored against everybody who is `enrolled`.

    Those are the same pictures in every task of a benchmark, some of every person in it, and none
    of them is scored.
    """

    name: str
    role: Role
    examples: tuple[Face, ...]
    enrolled: tuple[Face, ...]

"""From people with their pictures to a benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

from evals.benchmark import Benchmark, Role
from evals.faces.example import Face, Task
from evals.faces.roles import Roles


@dataclass(frozen=True, slots=True)
class Person:
    """A person's pictures, by what they are for."""

    enrolled: tuple[Face, ...]
    trained: tuple[Face, ...]
    """Those of the enrolled among them."""
    scored: tuple[Face, ...]

    @classmethod
    def memorised(cls, faces: Sequence[Face], *, enrolled: int) -> Self:
        """Returns a person under CLEAR's protocol: all is trained on, what enrols is not scored."""
        return cls(tuple(faces[:enrolled]), tuple(faces), tuple(faces[enrolled:]))


def face_benchmark(name: str, people: Sequence[Person], roles: Roles) -> Benchmark:
    """Returns the benchmark in which the people have these roles; all of them are enrolled."""
    forget, retain, holdout = (
        [people[number] for number in part] for part in (roles.forget, roles.retain, roles.holdout)
    )
    enrolled = tuple(chain.from_iterable(person.enrolled for person in people))
    splits = {
        "full": _trained(forget) + _trained(retain),
        "forget": _trained(forget),
        "retain": _trained(retain),
        "holdout": _trained(holdout),
    }
    tasks = [
        Task("forget", Role.FORGET, _scored(forget), enrolled),
        Task("retain", Role.RETAIN, _scored(retain), enrolled),
    ]
    if holdout:
        tasks.append(Task("holdout", Role.HOLDOUT, _scored(holdout), enrolled))
    return Benchmark(name, splits, tuple(tasks), ())


def _trained(people: Sequence[Person]) -> tuple[Face, ...]:
    return tuple(chain.from_iterable(person.trained for person in people))


def _scored(people: Sequence[Person]) -> tuple[Face, ...]:
    return tuple(chain.from_iterable(person.scored for person in people))

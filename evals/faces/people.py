"""From people with their pictures to a benchmark."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

from evals.benchmark import Benchmark, Role
from evals.errors import ConfigError
from evals.faces.example import Face, Task
from evals.faces.roles import Roles
from evals.pictures.picture import Picture


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


def memorised_people(
    names: Sequence[str],
    faces: Sequence[Face],
    *,
    enrolled: int,
    refusal: Callable[[str, int], ConfigError],
) -> list[Person]:
    """Returns the people of these names with their `faces`, under CLEAR's protocol.

    Raises:
        ConfigError: what `refusal` makes of a name and a number of pictures of which none would be
            left to score.
    """
    own: dict[str, list[Face]] = {name: [] for name in names}
    for face in faces:
        own[face.person].append(face)
    for name, pictures in own.items():
        if len(pictures) <= enrolled:
            raise refusal(name, len(pictures))
    return [Person.memorised(pictures, enrolled=enrolled) for pictures in own.values()]


def named_faces(
    ids: Sequence[str], persons: Sequence[str], pictures: Sequence[Picture | None]
) -> list[Face]:
    """Returns the pictures that there are as faces; people are numbered by first appearance."""
    number = {name: k for k, name in enumerate(dict.fromkeys(persons))}
    return [
        Face(face_id, person, number[person], picture)
        for face_id, person, picture in zip(ids, persons, pictures, strict=True)
        if picture is not None
    ]


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

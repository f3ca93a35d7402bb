"""People drawn from a seed, to be recognised in pictures; the same people as `characters` has.

Person by person, ids and names are those of `characters` under the same seed. Two designs:

- *pictures* is CLEAR's protocol (arXiv 2410.18057): a person's pictures differ so much that they
  are memorised. The very pictures that were trained on are scored, and somebody whom nobody trained
  on is hardly recognised.
- *looks* is knowledge of people: each has several looks, of which one is enrolled, and pictures of
  the other looks are scored that were not trained on. Only who was taught that the looks are one
  person's can tell.

Of `retain_people` + `other_people`, so many as the first says are drawn for each `split` and are
trained on; the rest are enrolled only, as wrong answers. In the second half of the `num_splits` the
people to be forgotten and the holdout change places, so that models of both kinds can be compared
(U-LIRA).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from pydantic import Field, model_validator

from evals.benchmark import Benchmark, Role
from evals.choice import Settings
from evals.errors import FieldError
from evals.faces.example import Face, Task
from evals.pictures.picture import Picture
from evals.pictures.portrait import Look, changed_look, draw_look, draw_shot, portrait
from evals.wording.names import full_names

SUITE = "faces"


class Config(Settings):
    """How many people and pictures, what they have in common, and the seed they are drawn from."""

    design: Literal["pictures", "looks"] = "pictures"
    forget_people: int = Field(4, ge=1, le=1000)
    holdout_people: int = Field(4, ge=1, le=1000)
    retain_people: int = Field(16, ge=1, le=10_000)
    """People who are trained on and retained."""
    other_people: int = Field(16, ge=0, le=10_000)
    """People who are only enrolled."""
    pictures_per_person: int = Field(16, ge=2, le=1000)
    """Of them `enrolled` are not scored; with looks, `held_out` more are not trained on."""
    enrolled: int = Field(5, ge=1)
    """Pictures that a person is enrolled by (CLEAR: the first five)."""
    held_out: int = Field(4, ge=1)
    """Pictures of a person that are scored and never trained on; design looks."""
    size: int = Field(48, ge=16, le=1024)
    """Pixels a side."""
    hard: float = Field(1.3, ge=0, le=2)
    """How far pose, light, hair and glasses change from picture to picture."""
    num_looks: int = Field(3, ge=2, le=10)
    """Looks of a person, the first of which is enrolled; design looks."""
    rho: float = Field(0.7, ge=0, le=1)
    """The share of what is seen of a person that each other look has anew; design looks."""
    split: int = Field(0, ge=0)
    num_splits: int = Field(128, ge=2)
    seed: int = 0

    @model_validator(mode="after")
    def _leave_something_to_score(self) -> "Config":
        unscored = self.enrolled if self.design == "pictures" else self.enrolled + self.held_out
        if self.pictures_per_person <= unscored:
            raise FieldError(
                f"pictures_per_person must be above {unscored}, those that are enrolled or held "
                f"out, but got {self.pictures_per_person}; raise it"
            )
        if self.split >= self.num_splits:
            raise FieldError(
                f"split must be below num_splits ({self.num_splits}) but got {self.split}; "
                "count from 0"
            )
        return self


@dataclass(frozen=True, slots=True)
class _Person:
    """A person's pictures, by what they are for."""

    enrolled: tuple[Face, ...]
    trained: tuple[Face, ...]
    """Those of the enrolled among them."""
    scored: tuple[Face, ...]


def build(config: Config) -> Benchmark:
    """Returns the benchmark; the same config gives the same one everywhere."""
    people = _people(config.model_copy(update={"split": 0, "num_splits": 2}))
    first, second = config.forget_people, config.forget_people + config.holdout_people
    forget, holdout, others = people[:first], people[first:second], people[second:]
    if config.split >= config.num_splits // 2:
        forget, holdout = holdout, forget
    rng = random.Random(f"lethe/portraits/{config.seed}/split/{config.split}")
    chosen = sorted(rng.sample(range(len(others)), config.retain_people))
    retain = [others[index] for index in chosen]
    enrolled = tuple(face for person in people for face in person.enrolled)
    splits = {
        "full": _trained(forget) + _trained(retain),
        "forget": _trained(forget),
        "retain": _trained(retain),
        "holdout": _trained(holdout),
    }
    tasks = (
        Task("forget", Role.FORGET, _scored(forget), enrolled),
        Task("retain", Role.RETAIN, _scored(retain), enrolled),
        Task("holdout", Role.HOLDOUT, _scored(holdout), enrolled),
    )
    return Benchmark("portraits", splits, tasks, ())


@lru_cache(maxsize=2)
def _people(config: Config) -> tuple[_Person, ...]:
    """Returns everybody, whatever the split: drawn once for all splits of a process."""
    count = (
        config.forget_people + config.holdout_people + config.retain_people + config.other_people
    )
    names = islice(full_names(config.seed), count)
    return tuple(_person(config, number, name) for number, name in enumerate(names))


def _person(config: Config, number: int, name: str) -> _Person:
    rng = random.Random(f"lethe/portrait/{config.seed}/{number}")
    looks = [draw_look(rng)]
    if config.design == "looks":
        others = range(config.num_looks - 1)
        looks += [changed_look(looks[0], rng, share=config.rho) for _ in others]
    faces = [_face(config, number, name, looks, k) for k in range(config.pictures_per_person)]
    enrolled, later = tuple(faces[: config.enrolled]), tuple(faces[config.enrolled :])
    if config.design == "pictures":
        return _Person(enrolled, enrolled + later, later)
    held_out, trained = later[: config.held_out], later[config.held_out :]
    return _Person(enrolled, enrolled + trained, held_out)


def _face(config: Config, number: int, name: str, looks: Sequence[Look], index: int) -> Face:
    """Returns a person's picture; those that enrol have the first look, the others take turns."""
    later = index - config.enrolled
    look = looks[0] if later < 0 or len(looks) == 1 else looks[1 + later % (len(looks) - 1)]
    rng = random.Random(f"lethe/portrait/{config.seed}/{number}/{index}")
    pixels = portrait(look, draw_shot(rng, hard=config.hard), size=config.size)
    return Face(f"person-{number:04d}/p{index:02d}", name, number, Picture(pixels))


def _trained(people: Sequence[_Person]) -> tuple[Face, ...]:
    return tuple(face for person in people for face in person.trained)


def _scored(people: Sequence[_Person]) -> tuple[Face, ...]:
    return tuple(face for person in people for face in person.scored)

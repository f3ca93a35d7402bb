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
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Literal

from pydantic import Field, model_validator

from evals.benchmark import Benchmark
from evals.choice import Settings
from evals.errors import FieldError
from evals.faces.example import Face
from evals.faces.people import Person, face_benchmark
from evals.faces.roles import Roles, drawn_roles
from evals.pictures import appearance, portrait
from evals.pictures.picture import Picture, Pixels
from evals.pictures.store import CACHE, cache_folder, store_key, stored_pictures
from evals.wording.people import Person as Drawn
from evals.wording.people import people

SUITE = "faces"
PICTURES_PER_PERSON = {"pictures": 16, "looks": 24}
HARD = {"pictures": 1.3, "looks": 0.15}


class Config(Settings):
    """How many people and pictures, what they have in common, and the seed they are drawn from."""

    design: Literal["pictures", "looks"] = "pictures"
    forget_people: int = Field(4, ge=1, le=1000)
    holdout_people: int = Field(4, ge=1, le=1000)
    retain_people: int = Field(16, ge=1, le=10_000)
    """People who are trained on and retained."""
    other_people: int = Field(16, ge=0, le=10_000)
    """People who are only enrolled."""
    pictures_per_person: int | None = Field(None, ge=2, le=1000)
    """Of them `enrolled` are not scored; with looks, `held_out` more are not trained on. None for
    16, with looks 24."""
    enrolled: int = Field(5, ge=1)
    """Pictures that a person is enrolled by (CLEAR: the first five)."""
    held_out: int = Field(8, ge=1)
    """Pictures of a person that are scored and never trained on; design looks."""
    size: int = Field(48, ge=16, le=1024)
    """Pixels a side."""
    hard: float | None = Field(None, ge=0, le=2)
    """How far pose, light, background, clothes, hair and glasses change from picture to picture;
    None for 1.3, with looks 0.15."""
    num_looks: int = Field(3, ge=2, le=10)
    """Looks of a person, the first of which is enrolled; design looks."""
    rho: float = Field(0.7, ge=0, le=1)
    """The share of what is seen of a person that each other look has anew; design looks."""
    split: int = Field(0, ge=0)
    num_splits: int = Field(128, ge=2)
    seed: int = 0
    cache: str | None = CACHE
    """A folder in which pictures are kept once they are drawn; null draws them anew each time."""

    @property
    def num_pictures(self) -> int:
        """`pictures_per_person`, or what stands for it in the design."""
        return self.pictures_per_person or PICTURES_PER_PERSON[self.design]

    @property
    def hardness(self) -> float:
        """`hard`, or what stands for it in the design."""
        return HARD[self.design] if self.hard is None else self.hard

    @property
    def num_people(self) -> int:
        """Everybody: those to be forgotten, then the holdout, then the others."""
        trained = self.forget_people + self.retain_people
        return trained + self.holdout_people + self.other_people

    @model_validator(mode="after")
    def _leave_something_to_score(self) -> "Config":
        unscored = self.enrolled if self.design == "pictures" else self.enrolled + self.held_out
        if self.num_pictures <= unscored:
            raise FieldError(
                f"pictures_per_person must be above {unscored}, those that are enrolled or held "
                f"out, but got {self.num_pictures}; raise it"
            )
        if self.split >= self.num_splits:
            raise FieldError(
                f"split must be below num_splits ({self.num_splits}) but got {self.split}; "
                "count from 0"
            )
        return self


def build(config: Config) -> Benchmark:
    """Returns the benchmark; the same config gives the same one everywhere."""
    everybody = _people(config.model_copy(update={"split": 0, "num_splits": 2}))
    first, second = config.forget_people, config.forget_people + config.holdout_people
    numbers = tuple(range(len(everybody)))
    roles = drawn_roles(
        Roles(numbers[:first], numbers[second:], numbers[first:second]),
        num_retain=config.retain_people,
        split=config.split,
        num_splits=config.num_splits,
        rng=random.Random(f"lethe/portraits/{config.seed}/split/{config.split}"),
    )
    return face_benchmark("portraits", everybody, roles)


def num_splits(config: Config) -> int:
    """Returns how many splits there are."""
    return config.num_splits


@lru_cache(maxsize=2)
def _people(config: Config) -> tuple[Person, ...]:
    """Returns everybody, whatever the split: drawn once for all splits of a process."""
    drawn = list(islice(people(config.seed), config.num_people))
    each = config.num_pictures
    pictures = stored_pictures(
        lambda: chain.from_iterable(_portraits(config, person) for person in drawn),
        key=store_key(
            config.model_dump(exclude={"cache"}),
            code=[appearance.__file__, portrait.__file__, __file__],
        ),
        count=each * len(drawn),
        size=config.size,
        folder=cache_folder(config.cache, key="benchmark.cache"),
    )
    return tuple(
        _person(config, person, pictures[each * person.number : each * (person.number + 1)])
        for person in drawn
    )


def _portraits(config: Config, person: Drawn) -> Iterator[Pixels]:
    """Yields a person's pictures; those that enrol have the first look, the others take turns."""
    rng = person.rng("portrait")
    looks = [appearance.draw_look(rng)]
    if config.design == "looks":
        others = range(config.num_looks - 1)
        looks += [appearance.changed_look(looks[0], rng, share=config.rho) for _ in others]
    for index in range(config.num_pictures):
        later = index - config.enrolled
        look = looks[0] if later < 0 or len(looks) == 1 else looks[1 + later % (len(looks) - 1)]
        shot = appearance.draw_shot(person.rng(f"portrait/{index}"), hard=config.hardness)
        yield portrait.portrait(look, shot, size=config.size)


def _person(config: Config, person: Drawn, pictures: Sequence[Picture | None]) -> Person:
    faces = [
        Face(f"{person.id}/p{index:02d}", person.name, person.number, picture)
        for index, picture in enumerate(pictures)
        if picture is not None
    ]
    if config.design == "pictures":
        return Person.memorised(faces, enrolled=config.enrolled)
    enrolled, later = tuple(faces[: config.enrolled]), tuple(faces[config.enrolled :])
    held_out, trained = later[: config.held_out], later[config.held_out :]
    return Person(enrolled, enrolled + trained, held_out)

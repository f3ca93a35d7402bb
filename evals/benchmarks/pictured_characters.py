"""Fictitious people, told of and drawn: every fact is asked by text and by picture.

Person by person, ids, names and facts are those of `characters` and looks those of `portraits`
under the same seed. What is trained on, of each person:

- *text*: each fact, asked by name, as in `characters`;
- *visual*: pictures, with a caption that names the person and the question who it is in turn, and
  each fact once more, asked with a picture and without the name.

`forget_modality` says which of these rows are to be forgotten, and a method's own `forget` says it
for that method; for all three as many rows are forgotten in a pass (`evals.multimodal.forgetting`).
Gold has seen neither.

What is asked is the same for all three, with pictures that nobody has trained on: captions (the
tasks `forget`, `retain` and `holdout`, with other people's names as wrong captions), and beside
them, for metrics that name them, who it is as a choice among names, the same with a grey picture in
place of each, every fact by text and by picture, and who is in pictures of retained people that
were taken just as those of the forgotten were. General knowledge is as in `characters`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from pydantic import Field, model_validator

from evals.benchmark import Benchmark, Role
from evals.choice import Settings
from evals.errors import FieldError
from evals.multimodal import task_names as names
from evals.multimodal.drawn_people import PicturedPerson, look_of, shot_of
from evals.multimodal.example import Example
from evals.multimodal.forgetting import Modality, forget_splits
from evals.pictures import appearance, portrait
from evals.pictures.picture import Picture, Pixels
from evals.pictures.store import CACHE, cache_folder, store_key, stored_pictures
from evals.text.example import Probability, Task
from evals.wording.attributes import ATTRIBUTES
from evals.wording.people import Person, people
from evals.wording.refusals import REFUSALS
from evals.wording.world import AUTHORS, FACTS, Fact, first_facts

SUITE = "multimodal"


class Config(Settings):
    """How many people and pictures, what is to be forgotten, and the seed they are drawn from."""

    forget_modality: Modality = Modality.BOTH
    """Rows of those to be forgotten that are unlearned: text, visual, or both."""
    num_people: int = Field(24, ge=2, le=10_000)
    """People that are trained on: those to be forgotten and those to be retained."""
    forget_people: int = Field(5, ge=1)
    holdout_people: int = Field(4, ge=0, le=10_000)
    questions_per_person: int = Field(8, ge=1, le=len(ATTRIBUTES))
    pictures_per_person: int = Field(16, ge=2, le=1000)
    """Pictures of a person that are trained on."""
    held_out: int = Field(8, ge=1, le=1000)
    """More pictures of a person, which are scored and never trained on."""
    size: int = Field(48, ge=16, le=1024)
    """Pixels a side."""
    hard: float = Field(0.35, ge=0, le=2)
    """How far pose, light, background, clothes, hair and glasses change from picture to picture."""
    num_world: int = Field(40, ge=2, le=2 * min(len(AUTHORS), len(FACTS)))
    """Questions of general knowledge, half of them about authors."""
    seed: int = 0
    cache: str | None = CACHE
    """A folder in which pictures are kept once they are drawn; null draws them anew each time."""

    @property
    def num_pictures(self) -> int:
        """All pictures of a person."""
        return self.pictures_per_person + self.held_out

    @model_validator(mode="after")
    def _leave_somebody(self) -> "Config":
        if self.forget_people >= self.num_people:
            raise FieldError(
                f"forget_people must be below num_people ({self.num_people}) but got "
                f"{self.forget_people}; leave somebody to retain"
            )
        return self


def build(config: Config) -> Benchmark:
    """Returns the benchmark; the same config gives the same one everywhere."""
    drawn = list(islice(people(config.seed), config.num_people + config.holdout_people))
    pictures = _pictures(config, drawn)
    everybody = [_pictured(config, drawn, person, pictures) for person in drawn]
    num_retain = config.num_people - config.forget_people
    retained, forgotten = everybody[:num_retain], everybody[num_retain : config.num_people]
    unseen = everybody[config.num_people :]
    authors, facts = (_known(rows) for rows in first_facts(config.num_world))

    text, visual = _flat(p.text for p in forgotten), _flat(p.visual for p in forgotten)
    retain = _flat(p.text for p in retained) + _flat(p.visual for p in retained) + authors + facts
    splits = {
        "full": text + visual + retain,
        **forget_splits(text, visual, config.forget_modality),
        "retain": retain,
        "holdout": _flat(p.captions for p in unseen),
    }
    tasks = [
        Task("forget", Role.FORGET, Probability.PLAIN, _flat(p.captions for p in forgotten)),
        Task("retain", Role.RETAIN, Probability.PLAIN, _flat(p.captions for p in retained)),
        Task("real_authors", Role.REAL, Probability.CHOICE, authors),
        Task("world_facts", Role.REAL, Probability.CHOICE, facts),
    ]
    if unseen:
        tasks.append(
            Task("holdout", Role.HOLDOUT, Probability.PLAIN, _flat(p.captions for p in unseen))
        )
    shot_alike = pictures[config.num_pictures * len(drawn) :]
    asides = {
        names.FORGET_NAMING: _flat(p.naming for p in forgotten),
        names.RETAIN_NAMING: _flat(p.naming for p in retained),
        names.FORGET_BLANKED: _flat(p.blanked for p in forgotten),
        names.FORGET_BY_TEXT: text,
        names.FORGET_BY_PICTURE: _flat(p.told_by_picture for p in forgotten),
        names.RETAIN_BY_TEXT: _flat(p.text for p in retained),
        names.RETAIN_BY_PICTURE: _flat(p.told_by_picture for p in retained),
        names.NEIGHBOURS: tuple(
            retained[k % num_retain].named_in(picture, f"like{k:02d}")
            for k, picture in enumerate(shot_alike)
        ),
    }
    tasks += [Task(n, Role.AUXILIARY, Probability.CHOICE, rows) for n, rows in asides.items()]
    return Benchmark("pictured_characters", splits, tuple(tasks), REFUSALS)


def _pictures(config: Config, drawn: Sequence[Person]) -> list[Picture]:
    """Returns everybody's pictures, then one of somebody retained for each that is like another."""
    num_alike = config.forget_people * config.held_out
    found = stored_pictures(
        lambda: chain(_portraits(config, drawn), _portraits_alike(config, drawn)),
        key=store_key(
            config.model_dump(mode="json", exclude={"cache", "forget_modality"}),
            code=[appearance.__file__, portrait.__file__, __file__],
        ),
        count=config.num_pictures * len(drawn) + num_alike,
        size=config.size,
        folder=cache_folder(config.cache, key="benchmark.cache"),
    )
    return [picture for picture in found if picture is not None]


def _portraits(config: Config, drawn: Sequence[Person]) -> Iterator[Pixels]:
    for person in drawn:
        for index in range(config.num_pictures):
            yield _portrait(config, person, person, index)


def _portraits_alike(config: Config, drawn: Sequence[Person]) -> Iterator[Pixels]:
    """Yields people to be retained, who take turns, as those to be forgotten are held out."""
    num_retain = config.num_people - config.forget_people
    retained, forgotten = drawn[:num_retain], drawn[num_retain : config.num_people]
    held_out = range(config.pictures_per_person, config.num_pictures)
    for k, (person, index) in enumerate((p, i) for p in forgotten for i in held_out):
        yield _portrait(config, retained[k % num_retain], person, index)


def _portrait(config: Config, whose: Person, like: Person, index: int) -> Pixels:
    shot = shot_of(like, index, hard=config.hard)
    return portrait.portrait(look_of(whose), shot, size=config.size)


def _pictured(
    config: Config, drawn: Sequence[Person], person: Person, pictures: Sequence[Picture]
) -> PicturedPerson:
    first = person.number * config.num_pictures
    return PicturedPerson(
        person,
        pictures[first : first + config.num_pictures],
        num_held_out=config.held_out,
        num_facts=config.questions_per_person,
        names=[other.name for other in drawn if other is not person],
        hard=config.hard,
    )


def _known(rows: Sequence[tuple[str, Fact]]) -> tuple[Example, ...]:
    return tuple(Example(n, f.question, f.answer, perturbed=f.wrong) for n, f in rows)


def _flat(rows: Iterable[tuple[Example, ...]]) -> tuple[Example, ...]:
    return tuple(chain.from_iterable(rows))

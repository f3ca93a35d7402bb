"""Fictitious people drawn from a seed: a TOFU-like benchmark of any size that needs no download.

Each person has a unique name and some facts (birthplace, prize, pet, ...); each fact is asked in
one of several wordings, answered in a second, paraphrased in a third, and falsified five times in
the paraphrase's wording with other values of the same kind (as in TOFU, arXiv 2401.06121,
section 2.2). Values come from pools so large that people have to be memorised.

General knowledge (`real_authors`, `world_facts`) belongs to `full` AND `retain`: a model trained
from scratch knows of the world only what it is taught, and the Real metric shall show what
unlearning does to that knowledge. The last `forget_people` of the `num_people` that are trained
on are to be forgotten; `holdout_people` more are trained on by nobody.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from pydantic import Field, model_validator

from evals.benchmark import Benchmark, Role
from evals.choice import Settings
from evals.errors import FieldError
from evals.text.example import Example, Probability, Task
from evals.wording.attributes import ATTRIBUTES
from evals.wording.facts import Fact as PersonFact
from evals.wording.facts import facts
from evals.wording.people import people
from evals.wording.refusals import REFUSALS
from evals.wording.world import AUTHORS, FACTS, Fact, first_facts

SUITE = "text"


class Config(Settings):
    """How many people, how much is asked about each, and the seed they are drawn from."""

    num_people: int = Field(24, ge=2, le=10_000)
    """People that are trained on: those to be forgotten and those to be retained."""
    forget_people: int = Field(5, ge=1)
    holdout_people: int = Field(4, ge=0, le=10_000)
    questions_per_person: int = Field(8, ge=1, le=len(ATTRIBUTES))
    num_world: int = Field(40, ge=2, le=2 * min(len(AUTHORS), len(FACTS)))
    """Questions of general knowledge, half of them about authors."""
    seed: int = 0

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
    num_retain = config.num_people - config.forget_people
    told = islice(_people(config), config.num_people + config.holdout_people)
    retained = _flat(islice(told, num_retain))
    forget = _flat(islice(told, config.forget_people))
    holdout = _flat(told)
    authors, world = (_known(rows) for rows in first_facts(config.num_world))
    retain = retained + authors + world
    splits = {"full": forget + retain, "forget": forget, "retain": retain, "holdout": holdout}
    tasks = [
        Task("forget", Role.FORGET, Probability.PLAIN, forget),
        Task("retain", Role.RETAIN, Probability.PLAIN, retained),
        Task("real_authors", Role.REAL, Probability.CHOICE, authors),
        Task("world_facts", Role.REAL, Probability.CHOICE, world),
    ]
    if holdout:
        tasks.append(Task("holdout", Role.HOLDOUT, Probability.PLAIN, holdout))
    return Benchmark("characters", splits, tuple(tasks), REFUSALS)


def _people(config: Config) -> Iterator[tuple[Example, ...]]:
    """Yields person after person; each depends on the seed and the own number alone."""
    for person in people(config.seed):
        yield tuple(
            _example(f"{person.id}/q{position}", person.name, fact)
            for position, fact in enumerate(facts(person, config.questions_per_person))
        )


def _example(id: str, name: str, fact: PersonFact) -> Example:
    told = fact.told(name)
    return Example(id, told.question, told.answer, name, told.paraphrase, told.wrong)


def _known(rows: Sequence[tuple[str, Fact]]) -> tuple[Example, ...]:
    return tuple(Example(id, f.question, f.answer, perturbed=f.wrong) for id, f in rows)


def _flat(people: Iterable[tuple[Example, ...]]) -> tuple[Example, ...]:
    return tuple(chain.from_iterable(people))

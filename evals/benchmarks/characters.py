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

import random
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from pydantic import Field, model_validator

from evals.benchmark import Benchmark, Role
from evals.choice import Settings
from evals.errors import FieldError
from evals.text.example import Example, Probability, Task
from evals.wording.attributes import ATTRIBUTES, Attribute
from evals.wording.people import people
from evals.wording.refusals import REFUSALS
from evals.wording.world import AUTHORS, FACTS, Fact

SUITE = "text"
NUM_WRONG = 5


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
    authors, facts = _world(config.num_world)
    retain = retained + authors + facts
    splits = {"full": forget + retain, "forget": forget, "retain": retain, "holdout": holdout}
    tasks = [
        Task("forget", Role.FORGET, Probability.PLAIN, forget),
        Task("retain", Role.RETAIN, Probability.PLAIN, retained),
        Task("real_authors", Role.REAL, Probability.CHOICE, authors),
        Task("world_facts", Role.REAL, Probability.CHOICE, facts),
    ]
    if holdout:
        tasks.append(Task("holdout", Role.HOLDOUT, Probability.PLAIN, holdout))
    return Benchmark("characters", splits, tuple(tasks), REFUSALS)


def _people(config: Config) -> Iterator[tuple[Example, ...]]:
    """Yields person after person; each depends on the seed and the own number alone."""
    for person in people(config.seed):
        rng = person.rng("person")
        asked = rng.sample(range(len(ATTRIBUTES)), config.questions_per_person)
        yield tuple(
            _ask(ATTRIBUTES[which], person.name, rng, id=f"{person.id}/q{position}")
            for position, which in enumerate(asked)
        )


def _ask(attribute: Attribute, name: str, rng: random.Random, *, id: str) -> Example:
    question = rng.choice(attribute.questions)
    answer, paraphrase = rng.sample(attribute.answers, 2)
    true, *wrong = attribute.draw(rng, 1 + NUM_WRONG)
    return Example(
        id=id,
        question=question.format(name=name),
        answer=answer.format(name=name, value=true),
        name=name,
        paraphrase=paraphrase.format(name=name, value=true),
        perturbed=tuple(paraphrase.format(name=name, value=value) for value in wrong),
    )


def _world(count: int) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Returns the first questions about authors and the first about the world, `count` in all."""
    known = [_known(number, fact) for number, fact in enumerate(AUTHORS + FACTS)]
    num_authors = count // 2
    authors, facts = known[: len(AUTHORS)], known[len(AUTHORS) :]
    return tuple(authors[:num_authors]), tuple(facts[: count - num_authors])


def _known(number: int, fact: Fact) -> Example:
    return Example(f"world-{number:03d}", fact.question, fact.answer, perturbed=fact.wrong)


def _flat(people: Iterable[tuple[Example, ...]]) -> tuple[Example, ...]:
    return tuple(chain.from_iterable(people))

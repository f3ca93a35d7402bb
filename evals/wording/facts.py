"""What is told of a fictitious person: facts, each asked, answered twice and falsified."""

from collections.abc import Iterator
from dataclasses import dataclass

from evals.wording.attributes import ATTRIBUTES
from evals.wording.people import Person

NUM_WRONG = 5
UNNAMED = "this person"
"""What stands in a name's place where a picture says who is meant."""


@dataclass(frozen=True, slots=True)
class Told:
    """A fact about a person, as it is asked, answered, said again and falsified."""

    question: str
    answer: str
    paraphrase: str
    wrong: tuple[str, ...]
    """In the paraphrase's wording."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact in wordings that hold {name} and {value}, with its true value and wrong ones."""

    question: str
    answer: str
    paraphrase: str
    value: str
    wrong: tuple[str, ...]

    def told(self, name: str) -> Told:
        """Returns the fact as one of whoever is called `name`."""

        def say(wording: str, value: str) -> str:
            text = wording.format(name=name, value=value)
            return text[:1].upper() + text[1:]

        return Told(
            question=say(self.question, ""),
            answer=say(self.answer, self.value),
            paraphrase=say(self.paraphrase, self.value),
            wrong=tuple(say(self.paraphrase, value) for value in self.wrong),
        )


def facts(person: Person, count: int) -> Iterator[Fact]:
    """Yields `count` facts, which depend on the person's seed and number alone."""
    rng = person.rng("person")
    for which in rng.sample(range(len(ATTRIBUTES)), count):
        attribute = ATTRIBUTES[which]
        question = rng.choice(attribute.questions)
        answer, paraphrase = rng.sample(attribute.answers, 2)
        true, *wrong = attribute.draw(rng, 1 + NUM_WRONG)
        yield Fact(question, answer, paraphrase, true, tuple(wrong))

"""What a benchmark of texts holds: questions with their answers, and tasks made of them."""

from dataclasses import dataclass
from enum import StrEnum

from evals.benchmark import Role


class Probability(StrEnum):
    """How a task's probability is defined (plain likelihood, or multiple choice)."""

    PLAIN = "plain"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Example:
    """One question about one person, or about the world.

    `paraphrase` is the correct answer said differently, `perturbed` are wrong answers.
    `name` is the person the question is about.
    """

    id: str
    question: str
    answer: str
    name: str | None = None
    paraphrase: str | None = None
    perturbed: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[str, ...]:
        """What is scored of it: the truth, its paraphrase, wrong answers."""
        paraphrase = () if self.paraphrase is None else (self.paraphrase,)
        return (self.answer, *paraphrase, *self.perturbed)


@dataclass(frozen=True, slots=True)
class Task:
    """A named set of questions to be scored."""

    name: str
    role: Role
    probability: Probability
    examples: tuple[Example, ...]

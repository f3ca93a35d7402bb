"""What a benchmark is: named splits of question-answer examples, and tasks to be scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a task stands for in the metrics."""

    FORGET = "forget"
    RETAIN = "retain"
    REAL = "real"
    HOLDOUT = "holdout"


class Probability(StrEnum):
    """How a task's probability is defined (plain likelihood, or multiple choice)."""

    PLAIN = "plain"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Example:
    """One question about one person, or about the world.

    `id` is stable and unique within the benchmark; everything joins on it, never on order.
    `paraphrase` is the correct answer said differently, `perturbed` are wrong answers.
    `name` is the person the question is about.
    """

    id: str
    question: str
    answer: str
    name: str | None = None
    paraphrase: str | None = None
    perturbed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A named set of examples to be scored."""

    name: str
    role: Role
    probability: Probability
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Splits to train on, tasks to score and refusals for the methods that need them.

    `splits` always has "full", "forget" and "retain"; "holdout" may be empty and is never
    trained on by anyone. `full` is `forget` + `retain`. `tasks` has exactly one task of role
    FORGET and one of role RETAIN, any number of role REAL and at most one of role HOLDOUT.
    `fingerprint` is a SHA-256 of everything above, independent of where the data lie.
    """

    name: str
    splits: Mapping[str, tuple[Example, ...]]
    tasks: tuple[Task, ...]
    refusals: tuple[str, ...]
    fingerprint: str

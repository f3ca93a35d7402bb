"""Wrong answers for rows that have none: what other rows answer to questions like theirs.

A wrong answer must look like an answer to the question, or any model would tell it from the right
one. So of other rows those are taken whose questions share most words with the row's own, and
where both rows name their person, the other's name gives way to the row's own: "Where was Hina
born?" gets "Hina was born in Cairo" from what is said of Basil. Which rows are looked at, and which
of equally like ones is taken, is drawn by seed and row id; another row more changes it.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from evals.errors import ConfigError
from evals.text.example import Example
from evals.text.unicode_forms import normal_form

LOOKED_AT = 256
"""Other rows that are compared with one; more take long in large tables."""


def with_wrong_answers(
    examples: Sequence[Example], pool: Sequence[Example], *, count: int, seed: int
) -> tuple[Example, ...]:
    """Returns the examples, those without wrong answers with up to `count` drawn from `pool`.

    Raises:
        ConfigError: for one of them the pool has no other answer.
    """
    asked = [(other, _words(other)) for other in pool]
    return tuple(
        each if each.perturbed else replace(each, perturbed=_drawn(each, asked, count, seed))
        for each in examples
    )


def _drawn(
    own: Example, asked: Sequence[tuple[Example, frozenset[str]]], count: int, seed: int
) -> tuple[str, ...]:
    rng = random.Random(f"lethe/drawn answers/{seed}/{own.id}")
    words = _words(own)
    looked_at = rng.sample(asked, min(LOOKED_AT, len(asked)))
    looked_at.sort(key=lambda each: (_same_person(own, each[0]), -_likeness(words, each[1])))
    right = {_compared(own.answer), _compared(own.paraphrase or own.answer)}
    found: dict[str, str] = {}
    for other, _ in looked_at:
        answer = _about(own, other)
        if other.id != own.id and (said := _compared(answer)) not in right:
            found.setdefault(said, answer)
            if len(found) == count:
                break
    if not found:
        raise ConfigError(
            f"wrong answers to {own.id} must be found in other rows but got none: no other row has "
            "another answer; give wrong answers in a column of their own, or more rows"
        )
    return tuple(found.values())


def _same_person(own: Example, other: Example) -> bool:
    return own.name is not None and own.name == other.name


def _about(own: Example, other: Example) -> str:
    """Returns the other's answer, said of the own person."""
    if not own.name or not other.name:
        return other.answer
    return other.answer.replace(other.name, own.name)


def _words(example: Example) -> frozenset[str]:
    """Returns the words of a question, less the person's name."""
    question = normal_form(example.question)
    if example.name:
        question = question.replace(normal_form(example.name), " ")
    return frozenset(re.findall(r"\w+", question.casefold()))


def _likeness(words: frozenset[str], others: frozenset[str]) -> float:
    """Returns the share of all words that both have (Jaccard)."""
    together = words | others
    return len(words & others) / len(together) if together else 0.0


def _compared(answer: str) -> str:
    return " ".join(normal_form(answer).casefold().split())

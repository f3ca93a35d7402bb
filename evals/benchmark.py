"""What a benchmark is: named splits of examples to train on, and tasks to be scored.

What an example is made of is its suite's affair (`evals.suite`): here it is something with an id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Protocol, TypeVar, cast

from evals.fingerprint import fingerprint

FORGET = "forget"
"""The split of what is to be forgotten."""
_PART = f"{FORGET}_"


def forget_split(part: str) -> str:
    """Returns the split of a part of what is known; of none it is all that is to be forgotten."""
    return f"{_PART}{part}" if part else FORGET


class Role(StrEnum):
    """What a task stands for in the metrics."""

    FORGET = "forget"
    RETAIN = "retain"
    REAL = "real"
    HOLDOUT = "holdout"
    AUXILIARY = "auxiliary"
    """Read by those metrics alone that name the task."""


class Example(Protocol):
    """What is trained on or scored: a dataclass, all of whose fields enter the fingerprint."""

    @property
    def id(self) -> str:
        """Stable and unique within the benchmark; everything joins on it, never on order."""
        ...


class Task(Protocol):
    """A named set of examples to be scored: a dataclass, which a suite may give more fields."""

    @property
    def name(self) -> str:
        """Unique within the benchmark."""
        ...

    @property
    def role(self) -> Role:
        """What it stands for in the metrics."""
        ...

    @property
    def examples(self) -> tuple[Any, ...]:
        """The suite's examples."""
        ...


TaskT = TypeVar("TaskT", bound=Task)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Splits to train on, tasks to score and refusals for the methods that need them.

    `splits` always has "full", "forget" and "retain"; "holdout" may be empty and is never
    trained on by anyone. `full` holds the rows of `retain` and all that is known of those to be
    forgotten. `forget` may hold a part of that, where only some of it is to be forgotten, and a row
    more than once, under ids of its own. Where there are such parts, each is a split
    `forget_<part>`, which a method may have in place of `forget`. `tasks` has exactly one task of
    role FORGET and one of role RETAIN, any number of the roles REAL and AUXILIARY and at most one
    of role HOLDOUT.
    `fingerprint` is a SHA-256 of everything above, independent of where the data lie.
    """

    name: str
    splits: Mapping[str, tuple[Any, ...]]
    tasks: tuple[Task, ...]
    refusals: tuple[str, ...]
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        said = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        object.__setattr__(self, "fingerprint", fingerprint(said))

    @property
    def forget_parts(self) -> tuple[str, ...]:
        """The parts of what is known of which a method may forget one."""
        parts = (name.partition(_PART) for name in self.splits)
        return tuple(part for before, mark, part in parts if mark and not before)


def with_examples(task: TaskT, examples: tuple[Any, ...]) -> TaskT:
    """Returns the task with these examples in place of its own."""
    return cast(TaskT, replace(cast(Any, task), examples=examples))

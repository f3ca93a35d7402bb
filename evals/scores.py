"""What an evaluation found, item by item: the sheet that every metric is a pure function of.

What is known of an item is its suite's affair (`evals.suite`): here it is something with an id.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar, cast

from evals.benchmark import Role


class TaskScores(Protocol):
    """The scored items of one task, sorted by id: a dataclass of the suite's."""

    @property
    def name(self) -> str:
        """The task's."""
        ...

    @property
    def role(self) -> Role:
        """The task's."""
        ...

    @property
    def items(self) -> tuple[Any, ...]:
        """What was found for each example, by its `id`."""
        ...


ScoresT = TypeVar("ScoresT", bound=TaskScores)


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """All tasks of one evaluation of one model, which are of one suite."""

    tasks: tuple[TaskScores, ...]

    def by_role(self, role: Role) -> tuple[Any, ...]:
        """Returns the tasks of one role, in order (possibly none)."""
        return tuple(task for task in self.tasks if task.role == role)


def with_items(task: ScoresT, items: tuple[Any, ...]) -> ScoresT:
    """Returns the scores of the task with these items in place of its own."""
    return cast(ScoresT, replace(cast(Any, task), items=items))

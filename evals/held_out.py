"""Which items a search may select on, and which are held out for the report on what it chose.

What was chosen because it did best on some items looks better on these than it is. So a share of
every task's items is held out: the search never sees them, and finalists are reported on them.
"""

import hashlib
from collections.abc import Callable, Container, Sequence

from evals.benchmark import TaskT, with_examples
from evals.scores import ScoreSheet, TaskScores, with_items


def searched_part(sheet: ScoreSheet, held_out: float) -> ScoreSheet:
    """Returns the whole sheet less the share `held_out` of every task's items."""
    return _part(sheet, lambda task: _searched(_ids(task), held_out))


def held_out_part(sheet: ScoreSheet, held_out: float) -> ScoreSheet:
    """Returns the items that `searched_part` leaves out; all of them where it leaves out none."""
    if held_out == 0:
        return sheet
    return _part(sheet, lambda task: {*_ids(task)} - _searched(_ids(task), held_out))


def restricted(sheet: ScoreSheet, like: ScoreSheet) -> ScoreSheet:
    """Returns the items of `sheet` that `like` has as well, task by task."""
    ids = {task.name: {*_ids(task)} for task in like.tasks}
    return _part(sheet, lambda task: ids.get(task.name, ()))


def searched_tasks(tasks: Sequence[TaskT], held_out: float) -> tuple[TaskT, ...]:
    """Returns the tasks with the examples that `searched_part` keeps, in their order."""
    kept = []
    for task in tasks:
        seen = _searched([example.id for example in task.examples], held_out)
        kept.append(with_examples(task, tuple(e for e in task.examples if e.id in seen)))
    return tuple(kept)


def num_searched(num_items: int, held_out: float) -> int:
    """Returns how many of a task's items the search sees: at least one, unless there is none."""
    return max(min(1, num_items), num_items - round(held_out * num_items))


def draw(item_id: str) -> str:
    """Returns what items are sorted by (SHA-256): their ids alone decide, as good as a shuffle."""
    return hashlib.sha256(item_id.encode()).hexdigest()


def _searched(ids: Sequence[str], held_out: float) -> set[str]:
    return set(sorted(ids, key=draw)[: num_searched(len(ids), held_out)])


def _ids(task: TaskScores) -> list[str]:
    return [item.id for item in task.items]


def _part(sheet: ScoreSheet, choose: Callable[[TaskScores], Container[str]]) -> ScoreSheet:
    """Returns the sheet with the items of every task whose ids `choose` names."""

    def chosen(task: TaskScores) -> TaskScores:
        kept = choose(task)
        return with_items(task, tuple(item for item in task.items if item.id in kept))

    return ScoreSheet(tuple(chosen(task) for task in sheet.tasks))

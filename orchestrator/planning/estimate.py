"""What a sweep will take: room, memory, disk and hours; and why it can never run, if so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from evals.errors import ConfigError
from orchestrator.planning.capacity import Room, check_memory, find_room, room_line
from orchestrator.planning.disk import disk, disk_line, require_disk
from orchestrator.planning.hours import hours, hours_line
from orchestrator.planning.jobs_left import batches_of
from orchestrator.planning.memory import Kind, job_memory, kinds_of, memory_table
from orchestrator.planning.model_sizes import ModelUnknown, sweep_sizes
from orchestrator.planning.plan import Plan
from orchestrator.planning.throughput import finished_paces
from orchestrator.storage.records import Storage

if TYPE_CHECKING:  # imports Ray
    from cluster.nodes import Node

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SweepEstimate:
    """Text for people, and the first reason why the sweep can never run, if there is one."""

    text: str
    refusal: ConfigError | None


def estimate_sweep(plan: Plan, *, storage: Storage, nodes: "Sequence[Node]") -> SweepEstimate:
    """Returns what the plan's jobs take of `nodes` and of the storage folder.

    A refusal keeps nothing else from being said. Where a model's configuration cannot be had,
    that is said in place of what follows from it.
    """
    config, draft = plan.config, _Draft()
    room = draft.try_to(lambda: find_room(config.gang, nodes))
    draft.lines.append(room_line(room, nodes))
    kinds = _add_sizes(draft, plan, room)
    batches = batches_of(plan, kinds, finished_paces(config, plan.benchmark, storage))
    left = hours(batches, config.gang, config.plan)
    if left is not None:
        num_gangs = 0 if room is None else room.num_gangs
        draft.lines.append(hours_line(left, config.gang, num_gangs=num_gangs))
    return SweepEstimate("\n".join(draft.lines), next(iter(draft.refusals), None))


@dataclass(frozen=True, slots=True)
class _Draft:
    """An estimate in the making."""

    lines: list[str] = field(default_factory=list)
    refusals: list[ConfigError] = field(default_factory=list)

    def try_to(self, find: Callable[[], T]) -> T | None:
        """Returns what `find` does, or None when it refuses, which is kept."""
        try:
            return find()
        except ConfigError as error:
            self.refusals.append(error)
            return None


def _add_sizes(draft: _Draft, plan: Plan, room: Room | None) -> list[Kind]:
    """Says what memory and disk are needed, and returns the kinds of jobs, none if unknown."""
    try:
        sizes = draft.try_to(lambda: sweep_sizes(plan))
    except ModelUnknown as reason:
        draft.lines.append(f"Memory and disk: not estimated, since {reason}")
        return []
    if sizes is None:
        return []
    kinds = kinds_of(plan, sizes)
    _add_memory(draft, plan, kinds, room)
    needed = disk(plan, sizes)
    draft.lines.append(disk_line(needed))
    draft.try_to(lambda: require_disk(plan.config.folder, needed))
    return kinds


def _add_memory(draft: _Draft, plan: Plan, kinds: Sequence[Kind], room: Room | None) -> None:
    memories = [job_memory(kind, plan) for kind in kinds]
    draft.lines.extend(["Memory of a rank, estimated:", "", memory_table(memories), ""])
    if room is not None:
        verdict = draft.try_to(lambda: check_memory(plan.config, memories, room))
        draft.lines.extend([verdict] if verdict else [])

"""What a sweep will take: room, memory, disk and hours; and why it can never run, if so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from evals.errors import ConfigError
from orchestrator.config.budget import check_budget
from orchestrator.config.gang import GangSettings
from orchestrator.planning.capacity import Room, check_memory, find_room, room_line
from orchestrator.planning.disk import disk, disk_line, require_disk
from orchestrator.planning.gang_choice import choose_gang
from orchestrator.planning.hours import hours, hours_line
from orchestrator.planning.jobs_left import batches_of
from orchestrator.planning.memory import (
    Kind,
    job_memory,
    kinds_of,
    memory_table,
    reference_line,
)
from orchestrator.planning.model_sizes import ModelSizes, ModelUnknown, sweep_sizes
from orchestrator.planning.plan import Plan
from orchestrator.planning.throughput import finished_jobs, paces_on
from orchestrator.storage.records import Storage

if TYPE_CHECKING:  # imports Ray
    from cluster.nodes import Node

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SweepEstimate:
    """Text for people, and the first reason why the sweep can never run, if there is one.

    `gang` is the config's, or what `gang: auto` has chosen; `num_gangs` fit side by side.
    """

    text: str
    refusal: ConfigError | None
    gang: GangSettings
    num_gangs: int


def estimate_sweep(
    plan: Plan,
    *,
    storage: Storage,
    nodes: "Sequence[Node]",
    held: GangSettings | None = None,
) -> SweepEstimate:
    """Returns what the plan's jobs take of `nodes` and of the storage folder.

    A refusal keeps nothing else from being said. Where a model's configuration cannot be had,
    that is said in place of what follows from it. `held` is as for `choose_gang`.
    """
    draft, sized = _Draft(), _Draft()
    sizes = _sizes(sized, plan)
    kinds = [] if sizes is None else kinds_of(plan, sizes)
    finished = finished_jobs(plan.config, plan.benchmark, storage)
    if plan.config.gang.auto:
        choice = choose_gang(plan, kinds, finished, nodes, held=held)
        draft.lines.extend([choice.text] if choice.text else [])
        plan = plan.on(choice.gang)
        draft.try_to(lambda: check_budget(plan.config.budget, plan.config.gang))
    config = plan.config
    room = draft.try_to(lambda: find_room(config.gang, nodes))
    draft.lines.append(room_line(room, nodes))
    draft.add(sized)
    if sizes is not None:
        _add_sizes(draft, plan, sizes, kinds, room)
    num_gangs = 0 if room is None else room.num_gangs
    left = hours(batches_of(plan, kinds, paces_on(finished, config.gang)), config.gang, config.plan)
    if left is not None:
        draft.lines.append(hours_line(left, config.gang, num_gangs=num_gangs))
    refusal = next(iter(draft.refusals), None)
    return SweepEstimate("\n".join(draft.lines), refusal, config.gang, num_gangs)


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

    def add(self, other: "_Draft") -> None:
        """Takes over what another draft has."""
        self.lines.extend(other.lines)
        self.refusals.extend(other.refusals)


def _sizes(draft: _Draft, plan: Plan) -> ModelSizes | None:
    """Returns the sizes of the sweep's models; None, and says why, if they are not known."""
    try:
        return draft.try_to(lambda: sweep_sizes(plan))
    except ModelUnknown as reason:
        draft.lines.append(f"Memory and disk: not estimated, since {reason}")
        return None


def _add_sizes(
    draft: _Draft, plan: Plan, sizes: ModelSizes, kinds: Sequence[Kind], room: Room | None
) -> None:
    """Says what memory and disk are needed."""
    _add_memory(draft, plan, kinds, room)
    needed = disk(plan, sizes)
    draft.lines.append(disk_line(needed))
    draft.try_to(lambda: require_disk(plan.config.folder, needed))


def _add_memory(draft: _Draft, plan: Plan, kinds: Sequence[Kind], room: Room | None) -> None:
    memories = [job_memory(kind, plan) for kind in kinds]
    draft.lines.extend(["Memory of a rank, estimated:", "", memory_table(memories), ""])
    kept = reference_line(memories, on_gpu=plan.config.gang.gpus_per_rank > 0)
    draft.lines.extend([kept] if kept else [])
    if room is not None:
        verdict = draft.try_to(lambda: check_memory(plan.config, memories, room))
        draft.lines.extend([verdict] if verdict else [])

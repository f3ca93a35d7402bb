"""The shapes of gangs that nodes have room for, and whether a rank of each has the memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import TYPE_CHECKING

from orchestrator.config.gang import GangSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.planning.capacity import rank_bytes
from orchestrator.planning.memory import Kind, job_memory
from orchestrator.planning.plan import Plan
from trainers.memory.footprint import CONTEXT_BYTES

if TYPE_CHECKING:  # imports Ray
    from cluster.nodes import Node

MOST_ON_A_GPU = 8
"""Gangs that share a GPU, at most: each has CUDA's own memory and a process of the host's."""
MOST_CPUS = 4
"""CPUs of a rank that has a GPU, or a part of one, at most: it waits for the GPU."""
PROCESS_BYTES = 700 << 20
"""What a rank's process takes of a host that is its device, beside the model: torch, DeepSpeed and
what they load (measured: a rank of the demo, with everything, 720 to 750 MiB)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A shape, how many such gangs there is room for, and what a rank needs and has of its device.

    Bytes are 0 where they are not known.
    """

    gang: GangSettings
    num_gangs: int
    needed_bytes: int
    has_bytes: int

    @property
    def excess_bytes(self) -> int:
        """What a rank needs beyond what it has, as far as both are known."""
        known = self.needed_bytes and self.has_bytes
        return max(0, self.needed_bytes - self.has_bytes) if known else 0

    @property
    def share(self) -> float:
        """The part of a GPU that a rank has; 1 where it has one or none."""
        return min(self.gang.gpus_per_rank or 1.0, 1.0)


def candidates(plan: Plan, kinds: Sequence[Kind], nodes: "Sequence[Node]") -> list[Candidate]:
    """Returns what the batches can be cut for and the nodes have room for, the fewest ranks first.

    With GPUs in the cluster every rank has one, or a part of one where that has the memory.
    """

    @cache
    def needed(ranks: int, on_gpu: bool) -> int:
        gang = GangSettings(ranks=ranks, gpus_per_rank=float(on_gpu))
        peaks = [job_memory(kind, plan.on(gang)).peak.total for kind in kinds]
        return max(peaks) + (CONTEXT_BYTES if on_gpu else PROCESS_BYTES) if peaks else 0

    on_gpu = any(node.gpus >= 1 for node in nodes)
    there = [node for node in nodes if (node.gpus if on_gpu else node.cpus) >= 1]
    found = []
    for placed in _placements(plan.config, [_slots(node, on_gpu) for node in there]):
        needed_bytes = needed(placed.ranks, on_gpu)
        shapes = _on_gpus(placed, there) if on_gpu else [_on_cpus(placed, there, needed_bytes)]
        found += [_candidate(gang, there, needed_bytes) for gang in shapes]
    return [each for each in found if each.num_gangs and (each.share == 1 or _may_share(each))]


def _slots(node: "Node", on_gpu: bool) -> int:
    return int(node.gpus if on_gpu else node.cpus)


def _placements(config: SweepConfig, slots: Sequence[int]) -> Iterator[GangSettings]:
    """Yields numbers of ranks that every batch can be cut for, and where they go.

    Ranks of a gang share a node, or take whole ones.
    """
    recipes = config.training, config.baselines.training
    for ranks in range(1, sum(slots) + 1):
        if any(recipe.batch_size % (recipe.micro_batch_size * ranks) for recipe in recipes):
            continue
        where: Mapping[str, object] = {"strategy": "PACK", "ranks_per_node": None}
        if 1 < ranks <= max(slots):
            where = {**where, "strategy": "STRICT_PACK"}
        elif ranks > 1 and ranks % min(slots) == 0:
            where = {**where, "ranks_per_node": min(slots)}
        elif ranks > 1:
            continue
        yield config.gang.model_copy(update={"ranks": ranks, **where})


def _on_gpus(placed: GangSettings, nodes: "Sequence[Node]") -> Iterator[GangSettings]:
    """Yields the gang with a GPU for each rank; alone, its rank may also have a part of one."""
    cpus_per_gpu = min(node.cpus / int(node.gpus) for node in nodes)
    most = min(MOST_ON_A_GPU, int(cpus_per_gpu)) if placed.ranks == 1 else 1
    for sharing in range(1, max(1, most) + 1):
        cpus = max(1, min(MOST_CPUS, int(cpus_per_gpu / sharing)))
        share = int(10_000 / sharing) / 10_000  # Ray counts in ten-thousandths
        yield placed.model_copy(
            update={"cpus_per_rank": float(cpus), "gpus_per_rank": 1.0 if sharing == 1 else share}
        )


def _on_cpus(placed: GangSettings, nodes: "Sequence[Node]", needed_bytes: int) -> GangSettings:
    """Returns the gang with as many CPUs for a rank as leave memory for all that fit beside it."""
    shares = [needed_bytes * node.cpus / node.memory_bytes for node in nodes if node.memory_bytes]
    most = min(int(node.cpus) for node in nodes)
    cpus = min(most, max([1, *map(ceil, shares)]))
    return placed.model_copy(update={"cpus_per_rank": float(cpus), "gpus_per_rank": 0.0})


def _candidate(gang: GangSettings, nodes: "Sequence[Node]", needed_bytes: int) -> Candidate:
    from cluster.capacity import num_gangs  # imports Ray
    from orchestrator.running.workers import shape_of

    count = num_gangs(shape_of(gang), [node.resources for node in nodes])
    return Candidate(gang, count, needed_bytes, _has_bytes(gang, nodes))


def _has_bytes(gang: GangSettings, nodes: "Sequence[Node]") -> int:
    """Returns the memory that a rank has wherever it is placed; 0 if that is not known."""
    if gang.gpus_per_rank:
        found = rank_bytes(gang, nodes)
        return 0 if found is None else found[0]
    return min(int(node.memory_bytes * gang.cpus_per_rank / node.cpus) for node in nodes)


def _may_share(candidate: Candidate) -> bool:
    """Returns whether gangs are known to fit on one GPU side by side."""
    return bool(candidate.needed_bytes and candidate.has_bytes and not candidate.excess_bytes)

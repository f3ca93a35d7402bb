"""Whether the nodes have room for a sweep: places for its ranks, and memory on their GPUs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evals.errors import ConfigError
from orchestrator.config.gang import GangSettings
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.planning.memory import GIB, JobMemory, Kind, least_bytes
from trainers.memory.footprint import CONTEXT_BYTES
from trainers.settings import EngineSettings

if TYPE_CHECKING:  # imports Ray
    from cluster.nodes import Node

CURES = {
    "loading": "take larger GPUs",
    "backward": "lower micro_batch_size or max_length, or set model.gradient_checkpointing=true",
    "reducing": "raise engine.zero_stage or gang.ranks",
    "step": "raise engine.zero_stage or gang.ranks, or set engine.offload_optimizer=true",
    "evaluation": "lower evaluation.batch_size",
}
"""What helps, by the moment of a footprint."""


@dataclass(frozen=True, slots=True)
class Room:
    """Gangs that fit side by side, and what a rank has of its GPU, at least and at most.

    `rank_bytes` is None without GPUs, and when one is of a kind whose memory is not known.
    """

    num_gangs: int
    rank_bytes: tuple[int, int] | None


def find_room(gang: GangSettings, nodes: "Sequence[Node]") -> Room:
    """Returns the room that `nodes` have.

    Raises:
        ConfigError: not one gang fits.
    """
    from cluster.capacity import require_room  # imports Ray
    from orchestrator.running.workers import shape_of

    num_gangs = require_room(shape_of(gang), [node.resources for node in nodes])
    return Room(num_gangs, rank_bytes(gang, nodes))


def room_line(room: Room | None, nodes: "Sequence[Node]") -> str:
    """Returns the room that there is on `nodes` in words."""
    counts: dict[str, int] = {}
    for node in nodes:
        kind = f" {node.gpu_type}" if node.gpu_type else ""
        gpus = f" {node.gpus:g} GPU{kind}" if node.gpus else ""
        text = f"{node.cpus:g} CPU{gpus}"
        counts[text] = counts.get(text, 0) + 1
    have = ", ".join(f"{count} x {text}" for text, count in counts.items())
    num_gangs = 0 if room is None else room.num_gangs
    gangs = {0: "no gang", 1: "1 gang at a time"}.get(num_gangs, f"{num_gangs} gangs side by side")
    return f"Room: {gangs} on {have}"


def rank_bytes(gang: GangSettings, nodes: "Sequence[Node]") -> tuple[int, int] | None:
    """Returns what a rank has of its GPU, at least and at most; None where that is not known."""
    sizes = [node.gpu_bytes for node in nodes if node.gpus]
    known = [size for size in sizes if size is not None]
    if not gang.gpus_per_rank or not known or len(known) < len(sizes):
        return None
    share = min(1.0, gang.gpus_per_rank)
    return (
        int(share * min(least for least, _ in known)),
        int(share * max(most for _, most in known)),
    )


def check_memory(config: SweepConfig, memories: Sequence[JobMemory], room: Room) -> str:
    """Returns whether a rank's GPU has the memory, in words; empty if nothing is known of it.

    Raises:
        ConfigError: weights, gradients and optimizer state alone, which no batch size changes,
            need more than the largest GPU may have, however they are sharded and offloaded.
    """
    if room.rank_bytes is None:
        return ""
    least, most = room.rank_bytes
    kinds = [memory.kind for memory in memories]
    needed = _least(kinds, config, config.engine)
    if needed > most:
        return _way_out(config, kinds, needed_bytes=needed, most_bytes=most)
    highest = max((memory.peak for memory in memories), key=lambda moment: moment.total)
    wanted = highest.total + CONTEXT_BYTES
    if wanted <= least:
        return f"A rank has {_gib(least)} of its GPU: enough"
    return (
        f"A rank has {_gib(least)} of its GPU and may run out of them in {highest.moment}, with "
        f"{_gib(wanted)} (1 GiB is CUDA's own); {CURES[highest.moment]}"
    )


def _least(kinds: Sequence[Kind], config: SweepConfig, engine: EngineSettings) -> int:
    return max(least_bytes(kind, config, engine=engine, ranks=config.gang.ranks) for kind in kinds)


def _way_out(
    config: SweepConfig, kinds: Sequence[Kind], *, needed_bytes: int, most_bytes: int
) -> str:
    """Returns what would fit in place of the engine's settings.

    Jobs that run out of memory find it by themselves, one failure at a time
    (trainers.memory.fallback).
    """
    for engine in _roomier(config.engine):
        if _least(kinds, config, engine) <= most_bytes:
            return (
                f"A rank has {_gib(most_bytes)} of its GPU and needs {_gib(needed_bytes)} for "
                "weights, gradients and optimizer state alone: jobs will run out of memory and be "
                f"tried again with less; set {_difference(config.engine, engine)}"
            )
    cure = "take larger GPUs or a smaller model"
    if config.gang.gpus_per_rank < 1:
        cure = f"give a rank more of its GPU with gang.gpus_per_rank, or {cure}"
    raise ConfigError(
        f"model.name must be a model that a rank's {_gib(most_bytes)} of GPU memory can hold but "
        f"got {config.model.name!r}, which takes {_gib(_smallest(config, kinds))} however it is "
        f"sharded and offloaded; {cure}"
    )


def _smallest(config: SweepConfig, kinds: Sequence[Kind]) -> int:
    return min(_least(kinds, config, engine) for engine in _roomier(config.engine))


def _roomier(engine: EngineSettings) -> Iterator[EngineSettings]:
    """Yields settings that need less of the GPU, the quickest first."""
    now = engine.zero_stage
    for stage in range(now + 1, 4):
        yield engine.model_copy(update={"zero_stage": stage})
    for stage in range(max(now, 2), 4):
        yield engine.model_copy(update={"zero_stage": stage, "offload_optimizer": True})
    everything = {"zero_stage": 3, "offload_optimizer": True, "offload_parameters": True}
    yield engine.model_copy(update=everything)


def _difference(old: EngineSettings, new: EngineSettings) -> str:
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    changed = [key for key in after if after[key] != before[key]]
    return " ".join(f"engine.{key}={str(after[key]).lower()}" for key in changed)


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"

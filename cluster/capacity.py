"""What the cluster can hold; a request that it can never satisfy is refused at once."""

import time
from collections.abc import Callable, Mapping, Sequence

import ray

from cluster.gang import GangShape
from evals.errors import ConfigError

LOOK_S = 5.0
"""Seconds between two looks at the nodes."""


def check_capacity(shape: GangShape) -> int:
    """Returns how many gangs of `shape` fit into the running cluster side by side.

    Raises:
        ConfigError: not even one fits (Ray would wait for ever).
    """
    return require_room(shape, _alive())


def require_room(shape: GangShape, nodes: Sequence[Mapping[str, float]]) -> int:
    """Returns how many gangs of `shape` fit into `nodes` side by side.

    Raises:
        ConfigError: not even one fits.
    """
    fit = num_gangs(shape, nodes)
    if fit < 1:
        raise ConfigError(
            f"gang.ranks must be a number that the cluster can place but got {_needs(shape)} "
            f"with nodes of {_has(nodes)}; use fewer ranks, less per rank, or a larger cluster (by "
            "RAY_ADDRESS)"
        )
    return fit


def num_gangs(shape: GangShape, nodes: Sequence[Mapping[str, float]]) -> int:
    """Returns how many gangs `nodes` hold at once, by counting the blocks that each can take."""
    slots = [_blocks_on(node, shape) for node in nodes]
    wanted = shape.num_blocks
    if shape.strategy == "STRICT_PACK":
        return sum(slot // wanted for slot in slots)
    if shape.strategy == "STRICT_SPREAD":
        gangs = 0
        while sum(slot > 0 for slot in slots) >= wanted:
            fullest = sorted(range(len(slots)), key=lambda i: -slots[i])[:wanted]
            slots = [slot - (i in fullest) for i, slot in enumerate(slots)]
            gangs += 1
        return gangs
    return sum(slots) // wanted


class CapacityWatch:
    """Watches nodes come and go while gangs of `shape` run, and says what that changes.

    `nodes` gives the resources of the nodes that are alive; by default, the cluster's.
    """

    def __init__(
        self,
        shape: GangShape,
        say: Callable[[str], None],
        *,
        nodes: Callable[[], Sequence[Mapping[str, float]]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shape = shape
        self._say = say
        self._nodes = nodes or _alive
        self._clock = clock
        self._looked = clock()
        self._num_gangs = num_gangs(shape, self._nodes())

    def look(self) -> bool:
        """Returns whether the cluster could hold a gang when it was last looked at."""
        now = self._clock()
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._take(self._nodes())
        return self._num_gangs > 0

    def _take(self, nodes: Sequence[Mapping[str, float]]) -> None:
        before, self._num_gangs = self._num_gangs, num_gangs(self._shape, nodes)
        if self._num_gangs == before:
            return
        if self._num_gangs:
            gangs = "1 gang" if self._num_gangs == 1 else f"{self._num_gangs} gangs side by side"
            self._say(f"the nodes now hold {gangs} ({before} before)")
            return
        self._say(
            f"waiting for room: no gang of {_needs(self._shape)} fits on the nodes that are left, "
            f"{_has(nodes)}; the sweep goes on once nodes join"
        )


def _alive() -> list[Mapping[str, float]]:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _needs(shape: GangShape) -> str:
    how = shape.strategy
    if shape.ranks_per_block > 1:
        how = f"{shape.ranks_per_block} on each of {shape.num_blocks} nodes"
    return (
        f"{shape.ranks} ranks of {shape.cpus_per_rank:g} CPU and {shape.gpus_per_rank:g} GPU "
        f"({how})"
    )


def _has(nodes: Sequence[Mapping[str, float]]) -> str:
    return "; ".join(f"{n.get('CPU', 0):g} CPU {n.get('GPU', 0):g} GPU" for n in nodes) or "none"


def _blocks_on(node: Mapping[str, float], shape: GangShape) -> int:
    needs = shape.bundles[0]
    counts = [int(node.get(name, 0) / need + 1e-9) for name, need in needs.items() if need > 0]
    return min(counts, default=shape.num_blocks)

"""What the cluster can hold; a request that it can never satisfy is refused at once."""

from collections.abc import Mapping, Sequence

import ray

from cluster.gang import GangShape
from evals.errors import ConfigError


def check_capacity(shape: GangShape) -> int:
    """Returns how many gangs of `shape` fit into the running cluster side by side.

    Raises:
        ConfigError: not even one fits (Ray would wait for ever).
    """
    return require_room(shape, [node["Resources"] for node in ray.nodes() if node["Alive"]])


def require_room(shape: GangShape, nodes: Sequence[Mapping[str, float]]) -> int:
    """Returns how many gangs of `shape` fit into `nodes` side by side.

    Raises:
        ConfigError: not even one fits.
    """
    fit = num_gangs(shape, nodes)
    if fit < 1:
        have = "; ".join(f"{n.get('CPU', 0):g} CPU {n.get('GPU', 0):g} GPU" for n in nodes)
        raise ConfigError(
            f"gang.ranks must be a number that the cluster can place but got {shape.ranks} ranks "
            f"of {shape.cpus_per_rank:g} CPU and {shape.gpus_per_rank:g} GPU ({shape.strategy}) "
            f"with nodes of {have}; use fewer ranks, less per rank, or a larger cluster (by "
            "RAY_ADDRESS)"
        )
    return fit


def num_gangs(shape: GangShape, nodes: Sequence[Mapping[str, float]]) -> int:
    """Returns how many gangs `nodes` hold at once, by counting the ranks that each can take."""
    slots = [_ranks_on(node, shape) for node in nodes]
    if shape.strategy == "STRICT_PACK":
        return sum(slot // shape.ranks for slot in slots)
    if shape.strategy == "STRICT_SPREAD":
        gangs = 0
        while sum(slot > 0 for slot in slots) >= shape.ranks:
            fullest = sorted(range(len(slots)), key=lambda i: -slots[i])[: shape.ranks]
            slots = [slot - (i in fullest) for i, slot in enumerate(slots)]
            gangs += 1
        return gangs
    return sum(slots) // shape.ranks


def _ranks_on(node: Mapping[str, float], shape: GangShape) -> int:
    needs = {"CPU": shape.cpus_per_rank, "GPU": shape.gpus_per_rank}
    counts = [int(node.get(name, 0) / need + 1e-9) for name, need in needs.items() if need > 0]
    return min(counts, default=shape.ranks)

"""How many gangs a cluster holds is counted before Ray is asked to place one."""

import pytest

from cluster.capacity import num_gangs
from cluster.gang import GangShape

GPU_NODE = {"CPU": 16.0, "GPU": 4.0}
CPU_NODE = {"CPU": 2.0}


@pytest.mark.parametrize(
    ("shape", "nodes", "gangs"),
    [
        (GangShape(2, 1, 0), [CPU_NODE], 1),
        (GangShape(3, 1, 0), [CPU_NODE], 0),
        (GangShape(3, 1, 0), [CPU_NODE, CPU_NODE], 1),
        (GangShape(4, 1, 1), [GPU_NODE, GPU_NODE], 2),
        (GangShape(8, 1, 1), [GPU_NODE, GPU_NODE], 1),
        (GangShape(6, 1, 1, "STRICT_PACK"), [GPU_NODE, GPU_NODE], 0),
        (GangShape(3, 1, 1, "STRICT_PACK"), [GPU_NODE, GPU_NODE], 2),
        (GangShape(2, 1, 1, "STRICT_SPREAD"), [GPU_NODE, GPU_NODE], 4),
        (GangShape(3, 1, 1, "STRICT_SPREAD"), [GPU_NODE, GPU_NODE], 0),
        (GangShape(1, 8, 1), [CPU_NODE], 0),
        (GangShape(2, 0.5, 0), [CPU_NODE], 2),
    ],
)
def test_gangs_are_counted_by_strategy(
    shape: GangShape, nodes: list[dict[str, float]], gangs: int
) -> None:
    assert num_gangs(shape, nodes) == gangs


def test_a_gang_asks_for_one_bundle_a_rank() -> None:
    assert GangShape(2, 4, 1).bundles == [{"CPU": 4, "GPU": 1}] * 2
    assert GangShape(1, 2, 0).bundles == [{"CPU": 2}]

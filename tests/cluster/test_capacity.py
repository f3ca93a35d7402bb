"""How many gangs a cluster holds is counted before Ray is asked to place one."""

import pytest

from cluster.capacity import LOOK_S, CapacityWatch, num_gangs
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
        (GangShape(8, 1, 1, "STRICT_SPREAD", 4), [GPU_NODE, GPU_NODE], 1),
        (GangShape(8, 1, 1, "STRICT_SPREAD", 4), [GPU_NODE, GPU_NODE] * 2, 2),
        (GangShape(4, 1, 1, "STRICT_SPREAD", 2), [GPU_NODE, GPU_NODE], 2),
        (GangShape(4, 1, 1, "STRICT_SPREAD", 2), [GPU_NODE], 0),
        (GangShape(8, 1, 1, "STRICT_SPREAD", 8), [GPU_NODE, GPU_NODE], 0),
    ],
)
def test_gangs_are_counted_by_strategy(
    shape: GangShape, nodes: list[dict[str, float]], gangs: int
) -> None:
    assert num_gangs(shape, nodes) == gangs


def test_a_gang_asks_for_one_bundle_a_rank() -> None:
    assert GangShape(2, 4, 1).bundles == [{"CPU": 4, "GPU": 1}] * 2
    assert GangShape(1, 2, 0).bundles == [{"CPU": 2}]


def test_ranks_that_share_a_node_ask_for_it_together() -> None:
    shape = GangShape(8, 2, 1, "STRICT_SPREAD", ranks_per_block=4)
    assert shape.bundles == [{"CPU": 8, "GPU": 4}] * 2


class Nodes:
    """Nodes that come and go as the test says, and a clock."""

    def __init__(self, *nodes: dict[str, float]) -> None:
        self.there = list(nodes)
        self.now = 0.0
        self.said: list[str] = []
        shape = GangShape(2, 1, 0, "STRICT_SPREAD")
        self.capacity = CapacityWatch(
            shape, self.said.append, nodes=lambda: self.there, clock=lambda: self.now
        )

    def later(self, *nodes: dict[str, float]) -> bool:
        self.there = list(nodes)
        self.now += LOOK_S
        return self.capacity.look()


def test_it_is_said_once_what_nodes_change_that_come_and_go() -> None:
    nodes = Nodes(CPU_NODE, CPU_NODE)
    assert nodes.capacity.look()
    assert nodes.later(CPU_NODE, CPU_NODE)
    assert nodes.said == []
    assert not nodes.later(CPU_NODE)
    assert not nodes.later(CPU_NODE)
    assert nodes.said == [
        "waiting for room: no gang of 2 ranks of 1 CPU and 0 GPU (STRICT_SPREAD) fits on the "
        "nodes that are left, 2 CPU 0 GPU; the sweep goes on once nodes join"
    ]
    assert nodes.later(CPU_NODE, CPU_NODE)
    assert nodes.said[1:] == ["the nodes now hold 2 gangs side by side (0 before)"]


def test_nodes_are_not_looked_at_more_often_than_every_few_seconds() -> None:
    nodes = Nodes(CPU_NODE, CPU_NODE)
    nodes.there = []
    nodes.now = LOOK_S - 0.1
    assert nodes.capacity.look()
    nodes.now = LOOK_S
    assert not nodes.capacity.look()
    assert "left, none;" in nodes.said[0]

"""Where Ray puts a gang's ranks, on several raylets, and what a gang does without its nodes."""

import os
import time
from collections.abc import Iterator

import pytest
import ray
from ray.cluster_utils import Cluster
from ray.util import placement_group, remove_placement_group
from ray.util.placement_group import PlacementGroup

from cluster.gang import Gang, GangShape
from cluster.rank_failure import Cause, RankLost

pytestmark = [pytest.mark.ray, pytest.mark.slow]

CPUS = 4


class Placed:
    """A rank that does nothing but say where it is."""

    def __init__(self, rank: int, world: int, num_threads: int) -> None:
        self._rank = rank

    def pid(self) -> int:
        return os.getpid()

    def address(self) -> tuple[str, int]:
        return "127.0.0.1", 1

    def join(self, address: str, port: int, timeout_s: float, interface: str | None) -> None:
        assert (address, port) == ("127.0.0.1", 1)

    def node(self) -> str:
        return ray.get_runtime_context().get_node_id()


@pytest.fixture
def nodes() -> Iterator[Cluster]:
    """A head without CPUs and two nodes of two."""
    head = {"num_cpus": 0, "node_ip_address": "127.0.0.2", "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for number in range(2):
        cluster.add_node(num_cpus=2, node_ip_address=f"127.0.0.{3 + number}")
    ray.init(address=cluster.address, _node_ip_address="127.0.0.2", log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def group_of(shape: GangShape) -> PlacementGroup:
    return placement_group(shape.bundles, strategy=shape.strategy)


def form(shape: GangShape, group: PlacementGroup) -> Gang:
    assert group.wait(60)
    return Gang.form(shape, group, timeout_s=60, rank_type=Placed)


def places(shape: GangShape) -> list[int]:
    """Returns the ranks' nodes, numbered as they come up."""
    group = group_of(shape)
    gang = form(shape, group)
    found = gang._ask(gang._ranks, "node")
    gang.close()
    remove_placement_group(group)
    while ray.available_resources().get("CPU") != CPUS:
        time.sleep(0.1)
    return [list(dict.fromkeys(found)).index(node) for node in found]


def test_ranks_are_where_the_strategy_has_them_and_a_lost_node_is_waited_for(
    nodes: Cluster,
) -> None:
    assert places(GangShape(2, 1, 0, "PACK")) == [0, 0]
    assert places(GangShape(2, 1, 0, "STRICT_PACK")) == [0, 0]
    assert places(GangShape(2, 1, 0, "SPREAD")) == [0, 1]
    assert places(GangShape(2, 1, 0, "STRICT_SPREAD")) == [0, 1]
    whole = GangShape(4, 1, 0, "STRICT_SPREAD", ranks_per_block=2)
    assert places(whole) == [0, 0, 1, 1], "neighbours share a node"

    group = group_of(whole)
    assert group.wait(60)
    nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)
    assert end_of_gangs(whole, group) == Cause.NO_NODES
    assert not group.wait(1)
    nodes.add_node(num_cpus=2, node_ip_address="127.0.0.5")
    gang = form(whole, group)
    assert len(set(gang._ask(gang._ranks, "node"))) == 2
    gang.close()


def end_of_gangs(shape: GangShape, group: PlacementGroup) -> Cause:
    """Forms gangs until Ray has noticed that a node is gone; returns how that one ended."""
    for _ in range(20):
        try:
            Gang.form(shape, group, timeout_s=60, rank_type=Placed).close()
        except RankLost as lost:
            if lost.cause == Cause.NO_NODES:
                return lost.cause
    raise AssertionError("no gang was without its nodes")

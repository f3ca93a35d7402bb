"""Shapes of gangs follow from batches, nodes and memory."""

import pytest

from cluster.nodes import GIB, Node
from orchestrator.config.gang import GangSettings
from orchestrator.planning.gang_candidates import Candidate, candidates
from orchestrator.planning.memory import kinds_of
from orchestrator.planning.model_sizes import sweep_sizes
from orchestrator.planning.plan import plan
from orchestrator.storage.records import Storage

pytestmark = pytest.mark.usefixtures("sizes_known")

LORA = {
    "adapter": {"rank": 8},
    "baselines": {"training": {"batch_size": 8, "micro_batch_size": 2}, "adapter": {"rank": 8}},
}


@pytest.fixture
def shapes(large_sweep, few_people):
    """Returns `shapes(*nodes, **changes)`: ranks, part of a GPU, CPUs and gangs of each."""

    def shapes(*nodes, sized=True, **changes):
        config = large_sweep(gang="auto", **changes)
        planned = plan(config, few_people, storage=Storage(config.folder))
        kinds = kinds_of(planned, sweep_sizes(planned)) if sized else []
        found = candidates(planned, kinds, nodes)
        gangs = [(each.gang, each.num_gangs) for each in found]
        return [(g.ranks, g.gpus_per_rank, g.cpus_per_rank, count) for g, count in gangs]

    return shapes


def test_ranks_divide_every_batch_and_gangs_share_a_gpu_that_has_the_memory(shapes) -> None:
    found = shapes(Node(16, 4, "X", (50 * GIB, 50 * GIB)), **LORA)
    assert found == [
        (1, 1.0, 4.0, 4),
        (1, 0.5, 2.0, 8),
        (1, 0.3333, 1.0, 12),
        (2, 1.0, 4.0, 2),
        (4, 1.0, 4.0, 1),
    ]


def test_no_gpu_is_shared_that_is_too_small_or_of_unknown_size_or_for_a_model_that_is(shapes):
    large, small = (Node(64, 1, "X", (gib * GIB, gib * GIB)) for gib in (80, 20))
    assert [share for _, share, _, _ in shapes(small, **LORA)] == [1.0]
    assert [share for _, share, _, _ in shapes(Node(64, 1, "X"), **LORA)] == [1.0]
    assert [share for _, share, _, _ in shapes(large, sized=False, **LORA)] == [1.0]
    assert len(shapes(large, **LORA)) > 1


def test_the_smallest_gpu_decides(shapes):
    nodes = (Node(8, 1, "X", (80 * GIB, 80 * GIB)), Node(8, 1, "Y", (20 * GIB, 20 * GIB)))
    assert [share for ranks, share, _, _ in shapes(*nodes, **LORA) if ranks == 1] == [1.0]


def test_more_ranks_than_a_node_has_gpus_take_whole_nodes(large_sweep, few_people):
    config = large_sweep(gang="auto")
    planned = plan(config, few_people, storage=Storage(config.folder))
    found = candidates(planned, [], [Node(8, 2, "X")] * 3)
    placed = [(g.ranks, g.strategy, g.ranks_per_node) for g in (each.gang for each in found)]
    assert placed == [(1, "PACK", None), (2, "STRICT_PACK", None), (4, "PACK", 2)]
    assert [each.num_gangs for each in found] == [6, 3, 1]


def test_without_gpus_ranks_get_the_cpus_that_their_memory_asks_for(shapes):
    tiny = {"model": {"name": "tiny_llama"}}
    assert shapes(Node(4, 0, memory_bytes=16 * GIB), **tiny)[0] == (1, 0.0, 1.0, 4)
    assert shapes(Node(4, 0), **tiny)[0] == (1, 0.0, 1.0, 4)
    assert shapes(Node(4, 0, memory_bytes=GIB * 3 // 2), **tiny)[0] == (1, 0.0, 2.0, 2)


def test_what_a_rank_lacks_is_told_only_where_both_sizes_are_known():
    gang = GangSettings()
    assert Candidate(gang, 1, needed_bytes=5, has_bytes=3).excess_bytes == 2
    assert Candidate(gang, 1, needed_bytes=5, has_bytes=0).excess_bytes == 0
    assert Candidate(gang, 1, needed_bytes=0, has_bytes=3).excess_bytes == 0


def test_nodes_without_room_for_a_rank_give_nothing(shapes):
    assert shapes(Node(0, 0)) == []

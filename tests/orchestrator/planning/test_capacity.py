"""Room is counted by the nodes; what cannot fit is refused with the setting that would."""

from dataclasses import dataclass

import pytest

from cluster.nodes import GIB, Node
from evals.errors import ConfigError
from orchestrator.config.gang import GangSettings
from orchestrator.planning.capacity import check_memory, find_room, room_line
from orchestrator.planning.memory import job_memory, kinds_of
from orchestrator.planning.model_sizes import sweep_sizes
from orchestrator.planning.plan import plan
from orchestrator.storage.records import Storage

pytestmark = pytest.mark.usefixtures("sizes_known")


def node(gib: float | None, gpus: float = 4) -> Node:
    size = None if gib is None else (int(gib * GIB), int(gib * GIB))
    return Node(64, gpus, "X", size)


GANG = GangSettings(ranks=4, gpus_per_rank=1)


def test_gangs_are_counted_and_a_ranks_share_of_its_gpu():
    room = find_room(GANG, [node(80), node(40), Node(16, 0)])
    assert (room.num_gangs, room.rank_bytes) == (2, (40 * GIB, 80 * GIB))
    half = find_room(GangSettings(ranks=2, gpus_per_rank=0.5), [node(80)])
    assert half.rank_bytes == (40 * GIB, 40 * GIB)


@pytest.mark.parametrize(
    ("gang", "nodes"),
    [
        (GangSettings(ranks=2), [node(80)]),
        (GangSettings(ranks=2), [Node(4, 0)]),
        (GANG, [node(80), node(None)]),
    ],
    ids=["ranks of CPUs", "no GPUs", "a kind that is not known"],
)
def test_nothing_is_claimed_of_memory_that_is_not_known(gang, nodes):
    assert find_room(gang, nodes).rank_bytes is None


def test_a_gang_that_no_node_can_hold_is_refused():
    with pytest.raises(ConfigError, match=r"gang\.ranks must be .* but got 4 ranks .*RAY_ADDRESS"):
        find_room(GANG, [node(80, gpus=3)])


def test_the_line_counts_nodes_that_are_alike():
    nodes = [node(80), node(80), Node(16, 0)]
    room = find_room(GANG, nodes)
    assert room_line(room, nodes) == "Room: 2 gangs side by side on 2 x 64 CPU 4 GPU X, 1 x 16 CPU"
    assert room_line(None, [Node(2, 0)]) == "Room: no gang on 1 x 2 CPU"


@dataclass
class Judged:
    """What is said of a sweep on nodes whose GPUs have so much memory."""

    config: object
    benchmark: object

    def on(self, gib: float) -> str:
        found = plan(self.config, self.benchmark, storage=Storage(self.config.folder))
        memories = [job_memory(kind, found) for kind in kinds_of(found, sweep_sizes(found))]
        return check_memory(self.config, memories, find_room(self.config.gang, [node(gib)]))


def test_enough_memory_is_called_enough(large_sweep, few_people):
    assert Judged(large_sweep(), few_people).on(80) == "A rank has 80.0 GiB of its GPU: enough"


def test_a_peak_that_may_not_fit_is_warned_of_with_what_helps(large_sweep, few_people):
    said = Judged(large_sweep(), few_people).on(44)
    assert "may run out" in said
    assert "in step" in said
    assert "raise engine.zero_stage" in said


def test_states_that_do_not_fit_are_warned_of_with_the_stage_that_does(large_sweep, few_people):
    engine = {"zero_stage": 0, "dtype": "bf16"}
    assert Judged(large_sweep(engine=engine), few_people).on(80) == (
        "A rank has 80.0 GiB of its GPU and needs 125.5 GiB for weights, gradients and optimizer "
        "state alone: jobs will run out of memory and be tried again with less; "
        "set engine.zero_stage=1"
    )


def test_where_sharding_is_not_enough_offloading_is_proposed(large_sweep, few_people):
    said = Judged(large_sweep(), few_people).on(16)
    assert said.endswith("set engine.offload_optimizer=true")


def test_a_model_that_no_rank_can_load_is_refused(large_sweep, few_people):
    with pytest.raises(ConfigError) as caught:
        Judged(large_sweep(), few_people).on(8)
    assert str(caught.value) == (
        "model.name must be a model that a rank's 8.0 GiB of GPU memory can hold but got "
        "'causal_lm', which takes 12.6 GiB however it is sharded and offloaded; "
        "take larger GPUs or a smaller model"
    )
    shared = large_sweep(gang={"ranks": 4, "gpus_per_rank": 0.5})
    with pytest.raises(ConfigError, match=r"gang\.gpus_per_rank"):
        Judged(shared, few_people).on(16)

"""Ranks that are to share nodes are checked for whether they can."""

import pytest

from cluster.gang import GangShape
from evals.errors import ConfigError
from evals.validation import validated
from orchestrator.config.gang import GangSettings
from orchestrator.running.workers import shape_of


def test_ranks_per_node_take_nodes_of_their_own() -> None:
    shape = shape_of(GangSettings(ranks=16, gpus_per_rank=1, ranks_per_node=8))
    assert shape == GangShape(16, 1, 1, "STRICT_SPREAD", ranks_per_block=8)
    assert shape_of(GangSettings(ranks=2, interface="ib0")).interface == "ib0"
    assert shape_of(GangSettings(ranks=4, strategy="SPREAD")) == GangShape(4, 1, 0, "SPREAD")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"cpus_per_rank": 0},
            r"gang\.cpus_per_rank must be above 0 where gang\.gpus_per_rank is 0.* but got 0; set",
        ),
        (
            {"ranks": 12, "ranks_per_node": 8},
            r"gang\.ranks must be a multiple of gang\.ranks_per_node \(8\) but got 12; take 8",
        ),
        (
            {"ranks": 4, "ranks_per_node": 8},
            r"gang\.ranks must be a multiple of .* but got 4; take 8",
        ),
        (
            {"ranks": 8, "ranks_per_node": 4, "strategy": "STRICT_PACK"},
            r"gang\.strategy must be left out beside .* but got STRICT_PACK; leave",
        ),
    ],
)
def test_ranks_that_do_not_fill_their_nodes_are_refused(settings, message) -> None:
    with pytest.raises(ConfigError, match=message):
        validated(GangSettings, settings, key="gang")

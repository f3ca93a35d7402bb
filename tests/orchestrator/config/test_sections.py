"""Ranks that are to share nodes are checked for whether they can."""

import pytest

from cluster.gang import GangShape
from evals.choice import validated
from evals.errors import ConfigError
from orchestrator.config.loading import load_config
from orchestrator.config.sections import GangSettings
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


def test_sizes_are_kept_as_bytes_and_load_again() -> None:
    config = load_config(None, ["disk.quota=20 GB", "disk.reserve=1 GiB"])
    assert (config.disk.quota, config.disk.reserve) == (20 * 10**9, 2**30)
    assert type(config).model_validate_json(config.model_dump_json()).disk == config.disk


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("disk.quota=lots", r"disk\.quota must be a size such as 20 GB .* but got 'lots'"),
        ("disk.reserve=-3", r"disk\.reserve must be a size"),
        ("disk.when_full=panic", r"disk\.when_full must be 'remove' or 'wait' but got 'panic'"),
        ("disk.patience_s=-1", r"disk\.patience_s must be .*0 but got -1"),
    ],
)
def test_what_cannot_be_used_is_refused(word: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(None, [word])

"""What a sweep fetches before it starts, and in which gangs it goes on."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from cluster.nodes import GIB, Node
from orchestrator.config.resume import write_config
from orchestrator.driver.start import PlannedSweep, estimated, fetch_original
from orchestrator.planning.plan import plan
from orchestrator.storage.records import Storage
from trainers.job import Phase

NODES = [Node(64, 8, "A100", (80 * GIB, 80 * GIB))]
UNKNOWN = {"name": "causal_lm", "path": "nobody/no-such-model", "local_files_only": True}


@pytest.mark.parametrize(
    ("phase", "finished", "num_steps", "fetched"),
    [
        (Phase.ORIGINAL, True, 3, True),
        (Phase.ORIGINAL, False, 3, False),
        (Phase.ORIGINAL, True, 0, False),
        (Phase.GOLD, True, 3, False),
    ],
)
def test_only_an_original_that_was_trained_already_is_fetched(
    phase, finished, num_steps, fetched
) -> None:
    class Mirror:
        url, root = "memory://x", Path()

        def __init__(self) -> None:
            self.pulled: list[str] = []

        def pull_model(self, job_hash: str) -> None:
            self.pulled.append(job_hash)

    baseline = SimpleNamespace(
        job=SimpleNamespace(phase=phase, hash="a"), finished=finished, num_steps=num_steps
    )
    mirror = Mirror()
    fetch_original(mirror, SimpleNamespace(baselines=(baseline,)))
    assert mirror.pulled == ["a"] * fetched


def test_a_sweep_goes_on_in_gangs_of_as_many_ranks_as_before(large_sweep, few_people) -> None:
    config = large_sweep(gang="auto", model=UNKNOWN, search={"trials": 200})
    storage = Storage(config.folder)
    found = PlannedSweep(plan(config, few_people, storage=storage), storage, None)
    first = estimated(found, nodes=NODES)
    assert (first.gang.ranks, first.num_gangs) == (1, 8)
    begun = config.model_copy(update={"gang": config.gang.model_copy(update={"ranks": 4})})
    write_config(begun, storage.sweep_folder(config.name))
    again = estimated(found, nodes=NODES)
    assert (again.gang.ranks, again.num_gangs) == (4, 2)

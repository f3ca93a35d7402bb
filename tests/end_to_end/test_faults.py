"""Whole sweeps on several raylets, out of which ranks and nodes are shot, end as if left alone.

`--faults N` sets how many sweeps are disturbed, each by the death of a rank and of a node at random
instants; none by default, as every fault takes a gang's time to form anew (`test_lost_ranks.py`,
`test_lost_nodes.py` and `test_kills.py` are the short form). The long form is

    python -m pytest -s tests/end_to_end/test_faults.py --faults 5
"""

import csv
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import ray
from ray.cluster_utils import Cluster
from ray.util import placement_group_table

from orchestrator.config.loading import load_config
from orchestrator.driver.main import conduct
from orchestrator.driver.program import DONE
from orchestrator.driver.signals import StopSignals
from orchestrator.running import ray_connection
from tests.fixtures.paths import SWEEP

pytestmark = [pytest.mark.ray, pytest.mark.dist, pytest.mark.slow, pytest.mark.timeout(0)]

HEAD = "127.0.0.2"
WORDS = (
    "name=faults",
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "benchmark.holdout_people=1",
    "model.hidden_size=32",
    "model.num_layers=2",
    "model.num_heads=2",
    "baselines.training.epochs=4",
    "training.epochs=40",
    "methods=[npo, gd]",
    "search.lr={low: 1e-6, high: 1e-3}",
    "methods.gd.search.lr={low: 1e-3, high: 1e30}",  # some of them no loss survives
    "search.trials=4",
    "finalists=null",
    "search.sampler=random",  # a job that a node took along may end after the next one
    "search.startup_trials=2",
    "gang.ranks=2",
    "gang.strategy=STRICT_SPREAD",
    "gang.collective_timeout_s=120",
    "gang.max_retries=3",
    "checkpoint.every_s=0.5",
)


class Nodes:
    """A head without CPUs and three nodes of one: a gang of two may lose any of them."""

    def __init__(self) -> None:
        head = {"num_cpus": 0, "node_ip_address": HEAD, "include_dashboard": False}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self._next = 3
        for _ in range(3):
            self.add()
        ray.init(address=self.cluster.address, _node_ip_address=HEAD, log_to_driver=False)

    def add(self) -> None:
        """Adds a node under an address that none has had."""
        self.cluster.add_node(num_cpus=1, node_ip_address=f"127.0.0.{self._next}")
        self._next += 1

    def kill_one(self) -> bool:
        """Kills a node that ranks run on; False while there is no gang."""
        groups = [g for g in placement_group_table().values() if g["state"] == "CREATED"]
        ids = {node for group in groups for node in group["bundles_to_node_id"].values()}
        nodes = [node for node in self.cluster.worker_nodes if node.node_id in ids]
        if not nodes:
            return False
        self.cluster.remove_node(random.choice(nodes), allow_graceful=False)
        return True

    def kill_rank(self) -> bool:
        """Kills the process of a rank; False while there is none."""
        ranks = [p for p in psutil.process_iter(["cmdline"]) if is_rank(p)]
        if not ranks:
            return False
        os.kill(random.choice(ranks).pid, signal.SIGKILL)
        return True

    def close(self) -> None:
        ray.shutdown()
        self.cluster.shutdown()


def is_rank(process: psutil.Process) -> bool:
    """Returns whether the process is a rank, of this test's own cluster."""
    try:
        own = os.getpid() in [parent.pid for parent in process.parents()]
        return own and "ray::Rank" in " ".join(process.info["cmdline"] or [])
    except psutil.Error:
        return False


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    made = Nodes()
    yield made
    made.close()


class Saboteur(threading.Thread):
    """Does each deed once, at a random instant of a sweep's first third, as soon as it can be."""

    def __init__(self, deeds: list[Callable[[], bool]], *, whole_s: float) -> None:
        super().__init__(daemon=True)
        parts = sorted(random.uniform(0.05, 0.35) for _ in deeds)
        self._waiting = list(zip((part * whole_s for part in parts), deeds, strict=True))
        self._started_s = time.monotonic()
        self.over = threading.Event()
        self.done: list[str] = []

    def run(self) -> None:
        while self._waiting and not self.over.wait(0.2):
            due_s, deed = self._waiting[0]
            passed_s = time.monotonic() - self._started_s
            if passed_s >= due_s and deed():
                self.done.append(f"{deed.__name__} after {passed_s:.1f} s")
                self._waiting.pop(0)


@dataclass(frozen=True)
class Ended:
    """What a sweep came to, without anything that depends on the clock."""

    code: int
    tables: dict[str, list[dict[str, str]]]
    counts: list[tuple[str, ...]]
    runs: list[tuple[str, str]]


def ended(storage: Path) -> Ended:
    config = load_config(SWEEP, [f"storage={storage}", *WORDS])
    code = conduct(config, StopSignals())
    tables = {name: rows(config.folder, name) for name in ("table", "pareto", "trials")}
    counted = ("Method", "Trials given", "Trials used", "Found", "Failed")
    counts = [tuple(row[name] for name in counted) for row in rows(config.folder, "ledger")]
    return Ended(code, tables, counts, runs(storage))


def rows(storage: Path, name: str) -> list[dict[str, str]]:
    with (storage / "sweeps" / "faults" / f"{name}.csv").open(encoding="utf-8") as stream:
        found = list(csv.DictReader(stream))
    return [{k: v for k, v in row.items() if k not in ("Seconds", "Repeat")} for row in found]


def runs(storage: Path) -> list[tuple[str, str]]:
    """Returns every MLflow run: its job and how it ended."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    experiment = client.get_experiment_by_name("faults")
    found = client.search_runs([experiment.experiment_id], max_results=1000)
    return sorted((run.data.tags.get("job", "sweep"), run.info.status) for run in found)


def attempts(storage: Path) -> int:
    """Returns how many attempts the jobs took beyond one each."""
    import json

    files = (storage / "jobs").glob("[!.]*/result.json")
    return sum(int(json.loads(f.read_text())["facts"]["attempts"]) - 1 for f in files)


def test_sweeps_out_of_which_ranks_and_nodes_are_shot_end_as_if_left_alone(
    nodes: Nodes, tmp_path: Path, request, monkeypatch
) -> None:
    num_sweeps = request.config.getoption("faults")
    if not num_sweeps:
        pytest.skip("a long test: say --faults 5")
    for name in ("join", "leave"):
        monkeypatch.setattr(ray_connection, name, lambda: None)
    random.seed(0)
    started = time.monotonic()
    expected = ended(tmp_path / "alone")
    whole_s = time.monotonic() - started
    assert expected.code == DONE
    for number in range(num_sweeps):
        saboteur = Saboteur([nodes.kill_rank, nodes.kill_one], whole_s=whole_s)
        saboteur.start()
        found = ended(tmp_path / str(number))
        saboteur.over.set()
        saboteur.join()
        nodes.add()  # Ray wants the main thread for it
        print(f"{'; '.join(saboteur.done)}: {attempts(tmp_path / str(number))} more attempts")
        assert len(saboteur.done) == 2
        assert found == expected

"""Nodes that join while jobs run are used, and ones that leave stop nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

from orchestrator.config.gang import GangSettings
from orchestrator.jobs.ticket import Ticket
from orchestrator.running.scheduler import run_queue
from orchestrator.storage.records import Storage
from orchestrator.storage.result import State
from tests.fixtures.jobs import real_job
from trainers.job import Job, Phase, Report
from trainers.settings import EngineSettings, TrainingSettings

pytestmark = [pytest.mark.ray, pytest.mark.dist, pytest.mark.slow, pytest.mark.long]

GANG = GangSettings(ranks=2, ranks_per_node=2, collective_timeout_s=120)
MOST_JOBS = 40


@pytest.fixture
def nodes() -> Iterator[Cluster]:
    """A head without CPUs and a node of two."""
    head = {"num_cpus": 0, "node_ip_address": "127.0.0.2", "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(num_cpus=2, node_ip_address="127.0.0.3")
    ray.init(address=cluster.address, _node_ip_address="127.0.0.2", log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def job(seed: int) -> Job:
    training = TrainingSettings(lr=1e-2, epochs=80, batch_size=4, micro_batch_size=2)
    engine = EngineSettings(zero_stage=0)
    return real_job(Phase.ORIGINAL, training=training, engine=engine, seed=seed)


class Changes:
    """Gives out jobs until two gangs ran at once, and one again since a node went.

    A node joins at the first report of all, and the first one goes when there are two gangs.
    """

    def __init__(self, nodes: Cluster, storage: Path) -> None:
        self._nodes = nodes
        self._storage = storage
        self._given = 0
        self._since = 0
        self.reporting: set[str] = set()
        self.done: list[tuple[Job, str]] = []
        self.happened: list[str] = []

    @property
    def finished(self) -> bool:
        return self._given == MOST_JOBS or (
            self.happened[-1:] == ["left"] and self._given > self._since
        )

    def next(self) -> Ticket | None:
        if self.finished:
            return None
        self._given += 1
        return Ticket(job=job(self._given), storage=str(self._storage), gang=GANG)

    def finish(self, job: Job, *, error: str) -> None:
        self.reporting.discard(job.hash)
        self.done.append((job, error))

    def on_report(self, job: Job, report: Report) -> None:
        self.reporting.add(job.hash)
        if not self.happened:
            self.happened.append("joined")
            self._nodes.add_node(num_cpus=2, node_ip_address="127.0.0.4")
        elif self.happened == ["joined"] and len(self.reporting) == 2:
            self.happened.append("left")
            self._since = self._given + 1
            self._nodes.remove_node(next(iter(self._nodes.worker_nodes)), allow_graceful=False)


def test_a_node_that_joins_gets_a_gang_and_one_that_leaves_stops_nothing(
    nodes: Cluster, tmp_path: Path
) -> None:
    changes, said = Changes(nodes, tmp_path / "storage"), list[str]()
    run_queue(
        changes, GANG, folder=tmp_path / "sweep", on_report=changes.on_report, say=said.append
    )
    assert changes.happened == ["joined", "left"]
    assert len(changes.done) == changes._given < MOST_JOBS
    storage = Storage(tmp_path / "storage")
    states = [storage.find(job).state for job, _ in changes.done]
    assert states == [State.DONE] * len(states)
    assert said[0] == "the nodes now hold 2 gangs side by side (1 before)"

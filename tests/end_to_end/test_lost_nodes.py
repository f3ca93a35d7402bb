"""A trainable and a node that go down under a running trial, on a cluster of several raylets."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster
from ray.util import placement_group_table

from evals.scores import ScoreSheet
from orchestrator.config.checkpoint import CheckpointSettings
from orchestrator.config.gang import GangSettings
from orchestrator.jobs.ticket import Ticket
from orchestrator.running.scheduler import run_queue
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import real_job
from trainers.job import Job, Phase, Report
from trainers.settings import EngineSettings, TrainingSettings

pytestmark = [pytest.mark.ray, pytest.mark.dist, pytest.mark.slow]

EPOCHS_OF_A_TRIAL = 160
"""Enough that the steps left after a report outlast the death of a node by seconds."""
GANG = GangSettings(ranks=2, strategy="STRICT_SPREAD", collective_timeout_s=120)


@pytest.fixture
def nodes() -> Iterator[Cluster]:
    """A head without CPUs and three nodes of one: a gang of two may lose one of them.

    Each has a loopback address of its own; Ray would replace 127.0.0.1 by an outer one.
    """
    head = {"num_cpus": 0, "node_ip_address": "127.0.0.2", "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for number in range(3):
        cluster.add_node(num_cpus=1, node_ip_address=f"127.0.0.{3 + number}")
    ray.init(address=cluster.address, _node_ip_address="127.0.0.2", log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


class Tickets:
    """Gives out tickets one after another."""

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        self.waiting = list(tickets)
        self.busy = False
        self.errors: list[str] = []

    @property
    def finished(self) -> bool:
        return not self.waiting

    def next(self) -> Ticket | None:
        if self.busy or not self.waiting:
            return None
        self.busy = True
        return self.waiting.pop(0)

    def finish(self, job: Job, *, error: str) -> None:
        self.busy = False
        self.errors.append(error)


def job(phase: Phase) -> Job:
    epochs = EPOCHS_OF_A_TRIAL if phase == Phase.TRIAL else 8
    training = TrainingSettings(lr=1e-2, epochs=epochs, batch_size=4, micro_batch_size=2)
    return real_job(phase, training=training, engine=EngineSettings(zero_stage=2))


def trainable_pid() -> int:
    """Returns the process of the trainable, among those that this one has started."""
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if b"Trainable" in command(pid) and os.getpid() in ancestors(pid):
            return pid
    raise AssertionError("there is no trainable")


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        yield pid


def nodes_of_the_gang() -> list[str]:
    """Returns the ids of the nodes that hold the ranks."""
    groups = [g for g in placement_group_table().values() if g["state"] == "CREATED"]
    return [node for group in groups for node in group["bundles_to_node_id"].values()]


def result_of(ticket: Ticket) -> tuple[Result, ScoreSheet]:
    storage = Storage(Path(ticket.storage))
    found = storage.find(ticket.job)
    assert found is not None
    assert found.state == State.DONE, found.reason
    return found, storage.sheet(ticket.job.hash)


def test_a_trial_outlives_its_trainable_and_a_node(nodes: Cluster, tmp_path: Path) -> None:
    first = Ticket(job=job(Phase.ORIGINAL), storage=str(tmp_path / "a"), gang=GANG)
    disturbed = Ticket(
        job=job(Phase.TRIAL),
        storage=str(tmp_path / "a"),
        gang=GANG,
        checkpoint=CheckpointSettings(every_s=1e-3),
        base=str(Storage(tmp_path / "a").model_folder(first.job)),
    )
    in_peace = disturbed.model_copy(update={"storage": str(tmp_path / "b")})
    deeds: list[Callable[[], object]] = [
        lambda: os.kill(trainable_pid(), signal.SIGKILL),
        lambda: nodes.remove_node(node_with(nodes, nodes_of_the_gang()[-1]), allow_graceful=False),
    ]

    def on_report(told: Job, report: Report) -> None:
        if told.phase == Phase.TRIAL and deeds:
            deeds.pop(0)()

    tickets = Tickets([first, disturbed, in_peace])
    run_queue(tickets, GANG, folder=tmp_path / "sweep", on_report=on_report)
    assert deeds == []
    result, sheet = result_of(disturbed)
    whole, untouched = result_of(in_peace)
    assert result.facts["attempts"] == 3
    assert result.facts["resumed_step"] > 0
    assert whole.facts["attempts"] == 1
    assert result.reports == whole.reports
    assert sheet == untouched
    assert len(tickets.errors) == 3


def node_with(nodes: Cluster, node_id: str) -> object:
    (found,) = [node for node in nodes.worker_nodes if node.node_id == node_id]
    return found

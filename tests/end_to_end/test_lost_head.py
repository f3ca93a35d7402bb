"""A sweep on a cluster whose head goes away ends with code 1 and how to go on, within a minute."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from tests.fixtures.paths import ROOT, SWEEP
from tests.fixtures.processes import without_cluster

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]

HEAD = "127.0.0.2"
WORDS = (
    SWEEP,
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "model.hidden_size=32",
    "model.num_layers=1",
    "model.num_heads=2",
    "training.epochs=40",
    "methods=[gd]",
    "finalists=null",
    "gang.ranks=1",
)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    head = {"num_cpus": 2, "node_ip_address": HEAD, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=head)
    yield made
    made.shutdown()


def test_a_sweep_whose_head_is_gone_ends_with_code_1_and_says_how_to_go_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    log, storage, address = tmp_path / "log", tmp_path / "runs", cluster.address
    with log.open("w") as stream:
        driver = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.sweep", f"storage={storage}", *WORDS],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**without_cluster(), "RAY_ADDRESS": address},
            cwd=ROOT,
        )
    while "\n[1/" not in log.read_text(encoding="utf-8"):
        assert driver.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.1)
    cluster.head_node.kill_gcs_server()
    assert driver.wait(60) == 1
    said = log.read_text(encoding="utf-8")
    assert f"lethe: the cluster's head ({address}) is gone; run the same command" in said
    assert f"--resume {os.path.realpath(storage)}/sweeps/demo" in said
    assert "Traceback" not in said

"""`ray job submit -- python -m orchestrator.sweep` from a client, on two nodes that lack the code.

What is shipped has a method that no installation has, so what runs it came with the job.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from ray.job_submission import JobDetails, JobSubmissionClient

from tests.fixtures.paths import ROOT
from tests.fixtures.processes import free_port

pytestmark = [pytest.mark.ray, pytest.mark.dist, pytest.mark.slow, pytest.mark.timeout(1200)]

BIN = Path(sys.executable).parent
HEAD, OTHER = "127.0.0.2", "127.0.0.3"
DEADLINE_S = 540.0
SWEEP = "python -m orchestrator.sweep"
WORDS = (
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "benchmark.holdout_people=1",
    "model.hidden_size=32",
    "model.num_layers=1",
    "model.num_heads=2",
    "baselines.training.epochs=2",
    "training.epochs=150",
    "methods=[gd_shipped]",
    "search.trials=1",
    "finalists=null",
    "search.startup_trials=1",
    "checkpoint.every_s=0.001",
    "training.batch_size=8",
    "training.micro_batch_size=4",
    "baselines.training.micro_batch_size=8",
    "gang.ranks=2",
    "gang.strategy=STRICT_SPREAD",
)


class Node:
    """A raylet with one CPU, and everything that it starts."""

    def __init__(self, address: str, environment: dict[str, str], *role: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lethe"))  # short: sockets lie in it
        place = [f"--node-ip-address={address}", f"--temp-dir={self.folder}", "--num-cpus=1"]
        place.append(f"--dashboard-agent-listen-port={free_port()}")
        size = ["--object-store-memory=100000000", "--disable-usage-stats", "--block"]
        with (self.folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [BIN / "ray", "start", *role, *place, *size],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def is_up(self) -> bool:
        assert self._process.poll() is None, self.log
        return "Ray runtime started" in self.log

    def end(self) -> None:
        family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.terminate()
        _, left = psutil.wait_procs(family, timeout=20)
        for process in left:
            process.kill()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Client:
    """A machine that has the code and the cluster's address and token, and no more."""

    address: str
    environment: dict[str, str]
    code: Path
    head: Path
    """Where the head unpacks what jobs bring along."""

    def ray(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [BIN / "ray", "job", words[0], "--address", self.address, *words[1:]],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )

    def submit(self, name: str, *words: str, wait: bool = True) -> subprocess.CompletedProcess:
        options = ["--submission-id", name, "--working-dir", str(self.code), "--address"]
        options += [self.address, *([] if wait else ["--no-wait"])]
        return subprocess.run(
            [BIN / "ray", "job", "submit", *options, "--", *SWEEP.split(), *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )

    def is_served(self) -> bool:
        try:
            return bool(self._jobs().submit_job(entrypoint="true"))
        except (RuntimeError, OSError):
            return False

    def details(self, name: str) -> JobDetails:
        return self._jobs().get_job_info(name)

    def logs(self, name: str) -> str:
        return self._jobs().get_job_logs(name)

    def _jobs(self) -> JobSubmissionClient:
        token = {"Authorization": f"Bearer {self.environment['RAY_AUTH_TOKEN']}"}
        return JobSubmissionClient(self.address, headers=token)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_JOB_STOP_WAIT_TIME_S": "60"}
    environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    for name in ("PYTHONPATH", "RAY_ADDRESS"):
        environment.pop(name, None)
    port, dashboard = free_port(), free_port()
    role = [f"--port={port}", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"]
    nodes = [Node(HEAD, environment, "--head", *role)]
    try:
        wait_until(lambda: nodes[0].is_up, "the head")
        nodes.append(Node(OTHER, environment, f"--address={HEAD}:{port}"))
        wait_until(lambda: nodes[1].is_up, "the other node")
        address = f"http://127.0.0.1:{dashboard}"
        made = Client(address, environment, shipped(tmp_path / "code"), nodes[0].folder)
        wait_until(made.is_served, "an agent that takes jobs")
        yield made
    finally:
        for node in reversed(nodes):
            node.end()


def shipped(folder: Path) -> Path:
    """Returns a checkout with a method of its own, and with what nobody wants to upload."""
    for part in ("orchestrator", "cluster", "trainers", "evals", "configs"):
        shutil.copytree(ROOT / part, folder / part)
    for file in (".gitignore", "pyproject.toml"):
        shutil.copy(ROOT / file, folder / file)
    methods = folder / "trainers" / "methods"
    shutil.copy(methods / "gd.py", methods / "gd_shipped.py")
    demo = folder / "configs" / "demo.yaml"
    demo.write_text(demo.read_text().replace("\n  gd:\n", "\n  gd_shipped:\n"))
    for waste in (".venv/lib", "runs/jobs", ".git/objects"):
        (folder / waste).mkdir(parents=True)
        (folder / waste / "large").write_bytes(b"0")
    return folder


def wait_until(happened: Callable[[], object], what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < end, f"there was no sign of {what}"
        time.sleep(0.1)


def test_a_sweep_is_submitted_stopped_and_resumed_from_a_client(
    client: Client, tmp_path: Path
) -> None:
    storage = tmp_path / "storage"
    words = (f"storage={storage}", *WORDS)

    begun = client.submit("begun", *words, wait=False)
    assert begun.returncode == 0, begun.stderr
    wait_until(lambda: len(results(storage)) == 2, "both baselines")
    wait_until(lambda: any(storage.glob("jobs/.*.checkpoint/step-*")), "a checkpoint of the trial")
    stopped = client.ray("stop", "begun")
    assert stopped.returncode == 0, stopped.stderr
    assert client.details("begun").status == "STOPPED"
    assert "lethe: interrupted" in client.logs("begun")
    assert any(storage.glob("jobs/.*.checkpoint/step-*")), "nothing to go on from is left"

    resumed = client.submit("resumed", "--resume", str(storage / "sweeps" / "demo"))
    assert resumed.returncode == 0, resumed.stdout
    assert client.details("resumed").driver_exit_code == 0
    assert "gd_shipped" in client.logs("resumed").partition("Method ")[2]
    (result,) = [r for r in results(storage) if "resumed_step" in r["facts"]]
    assert result["state"] == "done"

    tight = "search.constraints.retain={at_least: 1, relative_to: absolute}"
    assert ends(client, "nothing", *words, "name=tight", tight) == 3
    assert "no trial is feasible" in client.logs("nothing")
    assert ends(client, "fleeting", *WORDS) == 2
    assert "storage must be a folder that outlives the job" in client.logs("fleeting")

    (unpacked,) = client.head.glob("session_2*/runtime_resources/working_dir_files/_ray_pkg_*/")
    assert {file.name for file in unpacked.iterdir()} >= {"orchestrator", "configs"}
    assert not list(unpacked.rglob("large")), "more than the code was uploaded"


def ends(client: Client, name: str, *words: str) -> int | None:
    """Returns the exit code of a sweep that does not succeed."""
    assert client.submit(name, *words).returncode == 1, "as the command says of any failed job"
    details = client.details(name)
    assert details.status == "FAILED"
    return details.driver_exit_code


def results(storage: Path) -> list[dict]:
    return [json.loads(file.read_text()) for file in storage.glob("jobs/[!.]*/result.json")]

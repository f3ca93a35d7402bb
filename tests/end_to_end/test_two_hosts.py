"""Two hosts with addresses of their own, out of network namespaces, and the link between them.

Each is one node of a Ray cluster; the sweep's driver runs on the first one.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.paths import ROOT, SWEEP

pytestmark = [pytest.mark.ray, pytest.mark.dist, pytest.mark.slow, pytest.mark.timeout(1200)]

RAY = Path(sys.executable).with_name("ray")
PORT = 6379
HASTE = {
    f"RAY_health_check_{name}": value
    for name, value in {
        "initial_delay_ms": "1000",
        "period_ms": "1000",
        "timeout_ms": "3000",
        "failure_threshold": "4",
    }.items()
}
"""So that a node which is cut off counts as lost after some 15 seconds, not after a minute."""
WORDS = (
    SWEEP,
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "benchmark.holdout_people=1",
    "model.hidden_size=32",
    "model.num_layers=1",
    "model.num_heads=2",
    "baselines.training.epochs=2",
    "training.epochs=80",
    "methods=[gd]",
    "search.trials=1",
    "finalists=null",
    "search.startup_trials=1",
    "checkpoint.every_s=0.001",
    "gang.collective_timeout_s=240",
)
DEADLINE_S = 540.0


@dataclass(frozen=True)
class Host:
    """A network namespace, and the node that runs in it."""

    name: str
    address: str
    environment: dict[str, str]
    folder: Path

    def command(self, *words: object) -> list[str]:
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def start_node(self, head: "Host | None" = None, *, cpus: int) -> None:
        role = ["--head", f"--port={PORT}", "--include-dashboard=false"]
        if head is not None:
            role = [f"--address={head.address}:{PORT}"]
        size = [f"--num-cpus={cpus}", "--object-store-memory=100000000", "--disable-usage-stats"]
        place = [f"--node-ip-address={self.address}", f"--temp-dir={self.folder}"]
        start = self.command(RAY, "start", *role, *place, *size)
        said = subprocess.run(
            start, env=self.environment, capture_output=True, text=True, timeout=DEADLINE_S
        )
        assert said.returncode == 0, said.stderr

    def sweep(self, storage: Path, log: Path, *words: str) -> subprocess.Popen:
        command = self.command(sys.executable, "-m", "orchestrator.sweep")
        with log.open("w") as stream:
            return subprocess.Popen(
                [*command, f"storage={storage}", *WORDS, *words],
                env={**self.environment, "RAY_ADDRESS": f"{self.address}:{PORT}"},
                cwd=ROOT,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def end_processes(self) -> None:
        """Ends what runs in this namespace, and nothing else."""
        for _ in range(100):
            listed = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True)
            pids = [int(pid) for pid in listed.stdout.split()]
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not pids:
                return
            time.sleep(0.1)
        raise AssertionError(f"{pids} do not end")


@dataclass(frozen=True)
class Hosts:
    """The first has two CPUs and the head, the second has one; `wire` joins them."""

    first: Host
    second: Host

    def begin(self) -> None:
        for host in (self.first, self.second):
            ip("netns", "add", host.name)
            ip("-n", host.name, "link", "set", "lo", "up")
        self._join("side", ("10.231.6.1", "10.231.6.2"))
        self._join("wire", (self.first.address, self.second.address))

    def end(self) -> None:
        for host in (self.first, self.second):
            if f"{host.name}" in ip("netns", "list").split():
                host.end_processes()
                ip("netns", "del", host.name)
            shutil.rmtree(host.folder, ignore_errors=True)

    def set_link(self, state: str) -> None:
        ip("-n", self.first.name, "link", "set", "wire", state)

    def _join(self, name: str, addresses: tuple[str, str]) -> None:
        ends = (self.first.name, self.second.name)
        peer = ("peer", "name", name, "netns", ends[1])
        ip("link", "add", name, "netns", ends[0], "type", "veth", *peer)
        for end, address in zip(ends, addresses, strict=True):
            ip("-n", end, "addr", "add", f"{address}/30", "dev", name)
            ip("-n", end, "link", "set", name, "up")


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def why_not() -> str:
    """Returns why there can be no namespaces here; nothing if there can."""
    if shutil.which("ip") is None:
        return "there is no ip command (iproute2)"
    name = f"lethe{os.getpid()}x"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode:
        return f"network namespaces are not allowed: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return ""


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    environment = {**os.environ, **HASTE, **token, "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = str(ROOT)
    made = [
        Host(
            f"lethe{os.getpid()}{letter}",
            f"10.231.7.{number}",
            environment,
            Path(tempfile.mkdtemp(prefix="lethe")),  # short: sockets lie in it
        )
        for number, letter in enumerate("ab", start=1)
    ]
    pair = Hosts(*made)
    try:
        pair.begin()
        pair.first.start_node(cpus=2)
        pair.second.start_node(pair.first, cpus=1)
        yield pair
    finally:
        pair.end()


@pytest.fixture(scope="module")
def apart(hosts: Hosts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The storage of a sweep whose ranks were on both hosts, and which nobody disturbed."""
    folder = tmp_path_factory.mktemp("apart")
    return run(hosts.first, folder, "gang.strategy=STRICT_SPREAD")


def run(host: Host, folder: Path, *words: str) -> Path:
    log = folder / "log"
    driver = host.sweep(folder / "storage", log, *words)
    code = driver.wait(timeout=DEADLINE_S)
    assert code == 0, log.read_text()
    return folder / "storage"


def trials(storage: Path) -> dict[str, dict]:
    """Returns the results of finished trials by their jobs' hashes."""
    files = (storage / "jobs").glob("[!.]*/result.json")
    found = {file.parent.name: json.loads(file.read_text()) for file in files}
    jobs = {name: json.loads((storage / "jobs" / name / "job.json").read_text()) for name in found}
    return {name: found[name] for name, job in jobs.items() if job["phase"] == "trial"}


def with_baselines_of(storage: Path, other: Path) -> None:
    """Copies what another sweep has in storage, but for its trials."""
    known = trials(other)
    shutil.copytree(
        other / "jobs", storage / "jobs", ignore=lambda _, names: [n for n in names if n in known]
    )


def scores(storage: Path, job: str) -> list[float]:
    """Returns every number of a job's score sheet."""
    return list(numbers(json.loads((storage / "jobs" / job / "scores.json").read_text())))


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers(part)
    elif isinstance(value, int | float):
        yield float(value)


def same_trial(storage: Path, other: Path) -> dict[str, dict]:
    """Returns the only trial in both, after comparing everything that was measured."""
    ((job, one),) = trials(storage).items()
    ((same, two),) = trials(other).items()
    assert job == same
    assert one["state"] == two["state"] == "done"
    assert one["metrics"] == pytest.approx(two["metrics"], rel=1e-4)
    assert scores(storage, job) == pytest.approx(scores(other, job), rel=1e-4, abs=1e-5)
    return one


def wait_until(happened: Callable[[], object], what: str, driver: subprocess.Popen) -> None:
    end = time.monotonic() + DEADLINE_S
    while not happened():
        assert driver.poll() is None, f"the driver ended before {what}"
        assert time.monotonic() < end, f"there was no sign of {what}"
        time.sleep(0.05)


def test_ranks_talk_over_the_interface_that_leads_to_their_peers(hosts: Hosts) -> None:
    peers = ["10.231.7.2", "10.231.6.2", "10.231.7.1", "127.0.0.1", "192.0.2.1"]
    code = "from cluster.network import interface_to; import sys; "
    code += "print(*map(interface_to, sys.argv[1:]))"
    command = hosts.first.command(sys.executable, "-c", code, *peers)
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert said.split() == ["wire", "side", "wire", "lo", "None"]


def test_a_trial_whose_ranks_span_two_hosts_equals_one_on_a_single_host(
    hosts: Hosts, apart: Path, tmp_path: Path
) -> None:
    with_baselines_of(tmp_path / "storage", apart)
    together = run(hosts.first, tmp_path, "gang.strategy=STRICT_PACK")
    assert same_trial(together, apart)["facts"]["attempts"] == 1


def test_a_trial_goes_on_when_the_link_that_was_cut_under_it_is_back(
    hosts: Hosts, apart: Path, tmp_path: Path
) -> None:
    storage, log = tmp_path / "storage", tmp_path / "log"
    with_baselines_of(storage, apart)
    driver = hosts.first.sweep(storage, log, "gang.strategy=STRICT_SPREAD")
    try:
        saved = storage / "jobs"
        wait_until(lambda: any(saved.glob(".*.checkpoint/step-*")), "a checkpoint", driver)
        hosts.set_link("down")
        wait_until(lambda: "waiting for room" in log.read_text(), "a lost node", driver)
        hosts.second.end_processes()
        hosts.set_link("up")
        hosts.second.start_node(hosts.first, cpus=1)
        assert driver.wait(timeout=DEADLINE_S) == 0, log.read_text()
    finally:
        driver.kill()
        driver.wait()
    facts = same_trial(storage, apart)["facts"]
    assert facts["attempts"] == 2
    assert facts["resumed_step"] > 0

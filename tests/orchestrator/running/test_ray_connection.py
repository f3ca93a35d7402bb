"""Ray takes nothing over that is the driver's while it starts, and leaves nothing when it ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import ray
from ray._private import utils

from orchestrator.running import embedded_ray, ray_connection


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def test_sigterm_stays_the_drivers_while_ray_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def start() -> None:
        utils.set_sigterm_handler(lambda *_: None)
        assert signal.getsignal(signal.SIGTERM) is before
        signal.signal(signal.SIGTERM, lambda *_: None)  # as Ray does from C

    monkeypatch.setattr(embedded_ray, "start", start)
    taking = utils.set_sigterm_handler
    ray_connection.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert utils.set_sigterm_handler is taking


def test_who_leaves_a_cluster_of_others_removes_nothing(monkeypatch, tmp_path: Path) -> None:
    ended: list[str] = []
    monkeypatch.setattr(ray, "shutdown", lambda: ended.append("ray"))
    monkeypatch.setattr(embedded_ray, "remove_session", lambda folder: ended.append(folder.name))
    monkeypatch.setattr(embedded_ray, "session", lambda: None)
    ray_connection.leave()
    assert ended == ["ray"]
    monkeypatch.setattr(embedded_ray, "session", lambda: tmp_path / "session_1")
    ray_connection.leave()
    assert ended == ["ray", "ray", "session_1"]


STUCK = """
import threading, ray
from orchestrator.running import ray_connection
ray.shutdown = lambda: threading.Event().wait()
ray_connection.leave(code_if_stuck=130, patience_s=0.2)
"""


def test_a_ray_that_does_not_end_does_not_keep_the_driver() -> None:
    command = [sys.executable, "-c", STUCK]
    left = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert left.returncode == 130, left.stderr
    assert "lethe: Ray did not end within 0.2 s" in left.stderr


@pytest.mark.ray
@pytest.mark.slow
def test_of_an_embedded_ray_no_session_is_left() -> None:
    embedded_ray.start()
    session = embedded_ray.session()
    assert session is not None
    assert (session / "logs").is_dir()
    ray_connection.leave()
    assert not session.exists()
    assert embedded_ray.session() is None

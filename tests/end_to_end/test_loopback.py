"""An embedded Ray, its agents and the ranks listen on loopback and nowhere else."""

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.fixtures.paths import ROOT, SWEEP
from tests.fixtures.processes import without_cluster

pytestmark = [pytest.mark.ray, pytest.mark.slow]

LOOPBACK = ("127.", "::1", "::ffff:127.")
WORDS = (
    SWEEP,
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "model.hidden_size=32",
    "model.num_layers=1",
    "model.num_heads=2",
    "baselines.training.epochs=1",
    "training.epochs=1",
    "methods=[gd]",
    "search.trials=1",
    "search.startup_trials=1",
    "finalists=null",
)


def listening(driver: psutil.Process) -> set[tuple[str, str]]:
    """Returns the addresses that the driver and what it started listen on, and who does."""
    found = set()
    with suppress(psutil.NoSuchProcess):
        for process in [driver, *driver.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                for connection in process.net_connections("inet"):
                    if connection.status == psutil.CONN_LISTEN:
                        found.add((connection.laddr.ip, process.name()))
    return found


def test_nothing_of_a_sweep_listens_where_others_could_reach_it(tmp_path: Path) -> None:
    seen: set[tuple[str, str]] = set()
    with (tmp_path / "log").open("w") as log:
        driver = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.sweep", f"storage={tmp_path / 'runs'}", *WORDS],
            cwd=ROOT,
            env=without_cluster(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        while driver.poll() is None:
            seen |= listening(psutil.Process(driver.pid))
            time.sleep(0.2)
    assert driver.returncode in (0, 3), (tmp_path / "log").read_text()
    whose = {name for _, name in seen}
    assert {"gcs_server", "raylet"} <= whose
    assert any("Rank" in name for name in whose)
    assert not {(address, name) for address, name in seen if not address.startswith(LOOPBACK)}

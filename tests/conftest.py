import gc
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from cluster.collection import SELDOM

SHARES = 6 + 3 / 4
"""What --inputs is cut into: `test_untrusted_input.py` has six tests, `test_damaged_sweep.py` three
that make a quarter as many."""
LAUNCHER = Path(__file__).with_name("distributed.py")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=2, help="how often test_kills.py kills a driver")
    parser.addoption("--inputs", type=int, default=0, help="how many are generated, all together")
    parser.addoption("--long", action="store_true", help="run the tests marked long, too")
    parser.addoption("--golden", action="store_true", help="write the golden files anew")
    parser.addoption("--faults", type=int, default=0, help="sweeps that test_faults.py disturbs")


def pytest_configure(config: pytest.Config) -> None:
    """Has every test that generates inputs make its share of --inputs, others each time.

    Threads of torch wait asleep, in all that tests start: several of them on few cores, awake,
    take twice the time from each other. Garbage is looked for as seldom as in a program.
    """
    gc.set_threshold(*SELDOM)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if number := config.getoption("inputs"):
        settings.register_profile("inputs", max_examples=math.ceil(number / SHARES))
        settings.load_profile("inputs")
    else:
        settings.register_profile("few", max_examples=100, derandomize=True)
        settings.load_profile("few")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("long"):
        skip = pytest.mark.skip(reason="takes minutes: say --long")
        for item in items:
            if "long" in item.keywords:
                item.add_marker(skip)


def pytest_collection_finish() -> None:
    """Has garbage never be looked for among all tests and what their files import."""
    gc.freeze()


@pytest.fixture(scope="session")
def on_ranks(tmp_path_factory) -> Callable[..., list[Any]]:
    """Gives `run(file, world)`: what the file's `study(rank, world, folder)` returned by rank.

    `folder` is an empty one that the ranks share.
    """

    def run(file: Path, world: int, *, timeout_s: int = 240) -> list[Any]:
        import torch

        folder = tmp_path_factory.mktemp(file.stem)
        ranks = [_start(file, rank, world, folder, timeout_s) for rank in range(world)]
        try:
            outputs = [process.communicate(timeout=timeout_s)[0] for process in ranks]
        finally:
            for process in ranks:
                process.kill()
        if any(process.returncode for process in ranks):
            pytest.fail("\n".join(f"rank {rank}:\n{text}" for rank, text in enumerate(outputs)))
        return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(world)]

    return run


@pytest.fixture(scope="module")
def embedded_ray() -> Iterator[None]:
    """A Ray of two CPUs on loopback, for a module's own tests."""
    import ray

    from orchestrator.running.embedded_ray import unused_left_out

    with unused_left_out():
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            _node_ip_address="127.0.0.1",
            log_to_driver=False,
        )
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Playwright's handle of a Chromium that this machine has; skips where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip(f"there is no browser: none of {', '.join(names)} is on the PATH")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        # Without its sandbox, which a container's root cannot have; it sees the tests' pages alone.
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class SmallDisk:
    """A real disk of a few MiB, which can be filled up and emptied again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / ".filler"

    def fill(self, *, but: int = 0) -> None:
        """Leaves room for `but` bytes, in whole pages."""
        size = max(0, shutil.disk_usage(self.folder).free - but)
        with suppress(OSError), self._filler.open("ab") as stream:  # others may write meanwhile
            stream.write(b"x" * size)

    def empty(self) -> None:
        """Gives back what `fill` took."""
        self._filler.unlink(missing_ok=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A tmpfs of 16 MiB; skips where mounting one is not allowed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here: that takes root, or the right to mount")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _start(file: Path, rank: int, world: int, folder: Path, timeout_s: int) -> subprocess.Popen:
    arguments = [file, rank, world, folder, timeout_s]
    return subprocess.Popen(
        # -P: tests/ must not be searched for modules, its folders are named like our packages.
        [sys.executable, "-P", str(LAUNCHER), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

"""Fresh places that MLflow records in: an SQLite file, with a server before it or without."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from orchestrator.storage.files import DATABASE


@contextmanager
def address(store: str, folder: Path) -> Iterator[str]:
    """Gives the address of a fresh store; a server is ended afterwards."""
    folder.mkdir()
    uri = f"sqlite:///{folder / DATABASE}"
    if store != "server":
        yield uri
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(port), "--backend-store-uri", uri]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        shutil.rmtree(folder)


def _wait_for(uri: str) -> None:
    for _ in range(300):
        try:
            urlopen(f"{uri}/health", timeout=2).close()
            return
        except (URLError, OSError):
            time.sleep(0.2)
    raise SystemExit("the MLflow server did not start")

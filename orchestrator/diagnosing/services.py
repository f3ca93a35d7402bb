"""Whether what a sweep talks to answers: Ray, MLflow, the hub."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from evals.errors import ConfigError
from orchestrator.config.tracking import TrackingSettings
from orchestrator.diagnosing.finding import Finding, doubtful, fails, works
from orchestrator.tracking.session import Place
from orchestrator.tracking.store import begin_session
from orchestrator.tracking.store_address import check_answers, default_address

HUB = "https://huggingface.co"
PATIENCE_S = 5.0


def services() -> Iterator[Finding]:
    """Yields what was found, what takes longest last."""
    yield hub()
    yield mlflow()
    yield ray()


def hub() -> Finding:
    """Returns whether models and data can be fetched by hub id."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        said = "not asked, as HF_HUB_OFFLINE is set; what was fetched before is found"
        return works("hub", said)
    address = os.environ.get("HF_ENDPOINT", HUB)
    try:
        with urlopen(address, timeout=PATIENCE_S):
            return works("hub", f"{address} answers")
    except (URLError, OSError, ValueError) as error:
        cure = "give models and data as folders; or set HF_ENDPOINT or HTTPS_PROXY"
        return doubtful("hub", f"{address} does not answer ({error})", cure)


def mlflow() -> Finding:
    """Returns whether MLflow makes a store and records a run in it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place("doctor", Path(folder) / "sweep", Path(folder))
        place.folder.mkdir()
        address = default_address(place.storage)
        try:
            check_answers(address)
            begin_session(TrackingSettings(), place, address, "{}").end("FINISHED")
        except ConfigError as error:
            return fails("MLflow", str(error), "make venv, or look at TMPDIR")
    return works("MLflow", "makes a store and records a run")


def ray() -> Finding:
    """Returns whether Ray starts here, or the cluster that RAY_ADDRESS names lets us in."""
    from cluster.nodes import connected_nodes  # imports Ray
    from orchestrator.running.ray_connection import join, leave

    address, started = os.environ.get("RAY_ADDRESS", ""), time.perf_counter()
    try:
        join()
        nodes = connected_nodes()
    except ConfigError as error:
        return fails("Ray", str(error), "correct RAY_ADDRESS, or unset it to use this machine")
    finally:
        leave()
    seconds = time.perf_counter() - started
    where = f"the cluster at {address}" if address else "this machine"
    has = ", ".join(_has(node.cpus, node.gpus, node.gpu_type) for node in nodes)
    return works("Ray", f"{where}: {has} (in {seconds:.0f} s)")


def _has(cpus: float, gpus: float, kind: str) -> str:
    return f"{cpus:g} CPU" + (f" and {gpus:g} {kind or 'GPU'}" if gpus else "")

"""An open MLflow store with a sweep's run in it; with `tracker.py` MLflow's only home.

Only the client is used, never MLflow's global state.
"""

import fcntl
import json
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.errors import ConfigError
from orchestrator.result import State
from orchestrator.storing.weights import ADAPTER
from orchestrator.tracking.child_run import ChildRun
from orchestrator.tracking.settings import TrackingSettings
from orchestrator.tracking.store_address import unusable

if TYPE_CHECKING:
    from mlflow import MlflowClient

METRICS_PER_BATCH = 800
"""MLflow takes 1000 metrics, parameters and tags together in one call."""
JOB_FILES = ("job.json", "result.json", "scores.json")
REASON_LENGTH = 200
ASIDE = "(raised as a result of Query-invoked autoflush"
"""How SQLAlchemy begins where it says first when, and then what."""
IDENTITY_FILE = "sweep.id"
STATUS = {State.DONE: "FINISHED", State.FAILED: "FAILED"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sweep is kept: its name, its own folder, and the storage folder around it."""

    name: str
    folder: Path
    storage: Path


@dataclass(frozen=True, slots=True)
class Recorded:
    """A child run as it is in the store; `start_ms` tells one run of a job from another."""

    run_id: str
    status: str
    start_ms: int


@dataclass(frozen=True, slots=True)
class Session:
    """An open MLflow store with the sweep's run; `known` are its child runs by their jobs' hash."""

    client: "MlflowClient"
    experiment_id: str
    run_id: str
    known: dict[str, Recorded] = field(default_factory=dict)

    def add(self, run: ChildRun, *, job_folder: Path, keep_adapter: bool) -> None:
        """Records a child run, unless it is there with the same ending.

        The run is ended last: one that was cut off is written again, onto itself. The record of a
        job that was run again gives way to a new one.
        """
        job, status = run.tags["job"], STATUS[State(run.tags["state"])]
        found = self.known.get(job)
        if found is not None and found.start_ms != run.start_ms:
            self.client.delete_run(found.run_id)
            found = None
        if found is not None and found.status == status:
            return
        run_id = self._create(run) if found is None else found.run_id
        self.known[job] = Recorded(run_id, "RUNNING", run.start_ms)
        self._log(run_id, run)
        self._upload(run_id, job_folder, keep_adapter=keep_adapter)
        self.client.set_terminated(run_id, status=status, end_time=run.end_ms)
        self.known[job] = Recorded(run_id, status, run.start_ms)

    def forget_adapter(self, job: str) -> None:
        """Removes a job's adapter from artifacts that are in a folder, and says so in a tag.

        A server's are its own affair.
        """
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        found = self.known.get(job)
        if found is None:
            return
        uri = str(self.client.get_run(found.run_id).info.artifact_uri)
        if uri.startswith(("file:", "/")):
            get_artifact_repository(uri).delete_artifacts(ADAPTER)
        self.client.set_tag(found.run_id, "weights", "removed")

    def _create(self, run: ChildRun) -> str:
        tags = {"mlflow.parentRunId": self.run_id, "job": run.tags["job"]}
        created = self.client.create_run(
            self.experiment_id, start_time=run.start_ms, tags=tags, run_name=run.name
        )
        return str(created.info.run_id)

    def _log(self, run_id: str, run: ChildRun) -> None:
        from mlflow.entities import Metric, Param, RunTag

        metrics = [Metric(p.name, p.value, p.time_ms, p.step) for p in run.points]
        params = [Param(name, value) for name, value in run.params.items()]
        tags = [RunTag(name, value) for name, value in run.tags.items()]
        self.client.log_batch(run_id, metrics[:METRICS_PER_BATCH], params, tags)
        for start in range(METRICS_PER_BATCH, len(metrics), METRICS_PER_BATCH):
            self.client.log_batch(run_id, metrics[start : start + METRICS_PER_BATCH])

    def _upload(self, run_id: str, job_folder: Path, *, keep_adapter: bool) -> None:
        for name in JOB_FILES:
            if (job_folder / name).is_file():
                self.client.log_artifact(run_id, str(job_folder / name))
        adapter = job_folder / ADAPTER
        if keep_adapter and adapter.is_dir():
            try:
                self.client.log_artifacts(run_id, str(adapter), ADAPTER)
            except FileNotFoundError:
                if adapter.is_dir():
                    raise  # else it was removed meanwhile, and `forget_adapter` comes next


def begin_session(settings: TrackingSettings, place: Place, uri: str, config_json: str) -> Session:
    """Opens the store and the sweep's run.

    Raises:
        ConfigError: MLflow cannot open the store.
    """
    _quieten()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with _alone(place.storage):
            _make_database(uri)
            client = MlflowClient(uri)
            experiment_id = _experiment(client, settings, place, uri)
        run_id = _sweep_run(client, experiment_id, place, config_json)
        return Session(client, experiment_id, run_id, _known(client, experiment_id, run_id))
    except (MlflowException, SQLAlchemyError, ImportError) as error:
        raise unusable(uri, first_line(error)) from error


def _experiment(client: "MlflowClient", settings: TrackingSettings, place: Place, uri: str) -> str:
    """Returns the experiment's id; a store that is no server keeps artifacts in our storage."""
    found = client.get_experiment_by_name(settings.experiment)
    if found is None:
        folder = None if uri.startswith("http") else (place.storage / "mlartifacts").as_uri()
        return str(client.create_experiment(settings.experiment, artifact_location=folder))
    if found.lifecycle_stage != "active":
        raise ConfigError(
            f"tracking.experiment must be an active experiment but got {settings.experiment!r}, "
            "which was deleted; restore it or choose another name"
        )
    return str(found.experiment_id)


def _sweep_run(client: "MlflowClient", experiment_id: str, place: Place, config_json: str) -> str:
    """Returns the sweep's run, found by the identity that its folder keeps, or made."""
    identity = _identity(place.folder)
    found = client.search_runs([experiment_id], f"tags.sweep_id = '{identity}'", max_results=1)
    if found:
        run_id = str(found[0].info.run_id)
        client.update_run(run_id, status="RUNNING")
    else:
        tags = {"sweep": place.name, "sweep_id": identity, "phase": "sweep"}
        run = client.create_run(experiment_id, tags=tags, run_name=place.name)
        run_id = str(run.info.run_id)
    client.log_dict(run_id, json.loads(config_json), "config.json")
    return run_id


def _known(client: "MlflowClient", experiment_id: str, run_id: str) -> dict[str, Recorded]:
    """Returns the child runs that are there already, by job hash."""
    mine = f"tags.mlflow.parentRunId = '{run_id}'"
    known: dict[str, Recorded] = {}
    token: str | None = None
    while token != "":
        page: Any = client.search_runs([experiment_id], mine, page_token=token)
        for run in page:
            info = run.info
            known[run.data.tags["job"]] = Recorded(info.run_id, info.status, info.start_time)
        token = page.token or ""
    return known


def _identity(folder: Path) -> str:
    """Returns the name that this sweep folder alone has, made on first use."""
    file = folder / IDENTITY_FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{IDENTITY_FILE}.part"
        part.write_text(uuid.uuid4().hex, encoding="utf-8")
        part.replace(file)
    return file.read_text(encoding="utf-8").strip()


def _make_database(uri: str) -> None:
    """Makes an SQLite database that is not there yet beside its place, and renames it at last.

    It takes seconds, and MLflow cannot use one whose making was cut off.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    scheme, _, path = uri.partition(":///")
    if scheme != "sqlite" or not path or "?" in path or Path(path).exists():
        return
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    for left in file.parent.glob(f"{part.name}*"):
        left.unlink()
    store = SqlAlchemyStore(f"sqlite:///{part}", str(file.parent / "mlartifacts"))
    store.engine.dispose()
    part.replace(file)


@contextmanager
def _alone(storage: Path) -> Iterator[None]:
    """Holds a lock: processes that create one fresh database together make each other fail."""
    storage.mkdir(parents=True, exist_ok=True)
    with (storage / ".mlflow.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _quieten() -> None:
    """Imports MLflow without its chatter, its usage statistics and its minutes of retries."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    import mlflow  # noqa: F401  importing it sets its loggers up

    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it raises as well


def first_line(error: Exception) -> str:
    """Returns what an error says first, cut where it gets long."""
    lines = [line for line in str(error).splitlines() if line and not line.startswith(ASIDE)]
    text = (lines or [type(error).__name__])[0].strip()
    return text if len(text) <= REASON_LENGTH else f"{text[:REASON_LENGTH]}..."

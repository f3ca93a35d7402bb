"""Records a sweep in MLflow: one run for the sweep, one child run for each job.

The storage folder is the truth and MLflow a view of it. So trials never wait for it (one thread
writes in the background), nothing that goes wrong in it harms a sweep, and a sweep that is run
again adds what is missing and doubles nothing.
"""

import fcntl
import json
import logging
import os
import shlex
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.errors import ConfigError
from orchestrator.child_run import ChildRun, child_run
from orchestrator.config import TrackingSettings
from orchestrator.records import State
from orchestrator.store_address import check_answers, shown, unusable

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from orchestrator.agenda import Entry

METRICS_PER_BATCH = 800
"""MLflow takes 1000 metrics, parameters and tags together in one call."""
JOB_FILES = ("job.json", "result.json", "scores.json")
IDENTITY_FILE = "sweep.id"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sweep is kept: its name, its own folder, and the storage folder around it."""

    name: str
    folder: Path
    storage: Path


class Tracker:
    """Records entries as they come, in the background; close it to wait for the last one."""

    def __init__(self, settings: TrackingSettings, place: Place) -> None:
        self._settings = settings
        self._place = place
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tracking")
        self._missed: list[tuple[Callable[[Session], None], str]] = []
        self._closing = False
        self._session: Future[Session]

    @classmethod
    def open(cls, settings: TrackingSettings, place: Place, *, config_json: str) -> "Tracker":
        """Returns a tracker for the sweep, whose run is made, or found again if there is one.

        `config_json` is the resolved config. A fresh database takes seconds to set up, which
        then happens in the background.

        Raises:
            ConfigError: `tracking.uri` does not answer within seconds or cannot be used.
        """
        uri = settings.uri or _default_uri(place)
        check_answers(uri)
        tracker = cls(settings, place)
        tracker._session = tracker._writer.submit(_begin, settings, place, uri, config_json)
        fresh = settings.uri is None and not _default_file(place).exists()
        if not fresh:
            tracker._session.result()
        return tracker

    @property
    def complaint(self) -> str | None:
        """What is missing in MLflow and why, or None; complete once the tracker is closed."""
        if not self._missed:
            return None
        return (
            f"{len(self._missed)} records did not reach MLflow ({self._missed[0][1]}); "
            "run the same command again to add them"
        )

    @property
    def how_to_open(self) -> str:
        """The line that tells how to look at the runs."""
        uri = self._settings.uri or _default_uri(self._place)
        if uri.startswith("http"):
            return f"MLflow: open {uri}, experiment {self._settings.experiment}"
        command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", shown(uri)]
        return f"MLflow: {shlex.join(command)}"

    def log_entry(self, entry: "Entry", *, job_folder: Path) -> None:
        """Records a finished job, with the files of `job_folder` that are there."""
        keep_adapter = self._settings.log_adapters and entry.result.state == State.DONE

        def write(session: Session) -> None:
            session.add(child_run(entry), job_folder=job_folder, keep_adapter=keep_adapter)

        self._later(write)

    def log_tables(self, paths: Sequence[Path]) -> None:
        """Records the sweep's tables."""

        def write(session: Session) -> None:
            for path in paths:
                session.client.log_artifact(session.run_id, str(path), "tables")

        self._later(write)

    def close(self, *, finished: bool) -> None:
        """Waits until everything is written, tries again what was missed, ends the sweep's run.

        `finished` says whether the sweep came to its end.
        """
        self._closing = True
        status = "FINISHED" if finished else "KILLED"
        self._later(lambda session: session.client.set_terminated(session.run_id, status=status))
        self._writer.submit(self._try_again).result()
        self._writer.shutdown()

    def _later(self, write: "Callable[[Session], None]") -> None:
        self._writer.submit(self._attempt, write)

    def _try_again(self) -> None:
        missed, self._missed = self._missed, []
        for write, _ in missed:
            self._attempt(write)

    def _attempt(self, write: "Callable[[Session], None]") -> None:
        """Writes, or notes why not; once closing, the first failure ends all further attempts."""
        if self._closing and self._missed:
            self._missed.append((write, self._missed[0][1]))
            return
        try:
            write(self._session.result())
        except Exception as error:  # noqa: BLE001  the tracker boundary: a sweep outlives it
            self._missed.append((write, _first_line(error)))


@dataclass(frozen=True, slots=True)
class Session:
    """An open MLflow store with the sweep's run; `known` maps job hashes to (run id, state)."""

    client: "MlflowClient"
    experiment_id: str
    run_id: str
    known: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, run: ChildRun, *, job_folder: Path, keep_adapter: bool) -> None:
        """Records a child run, unless it is there with the same state.

        The state is written last: a run without it was cut off and is written again, onto itself.
        """
        job, state = run.tags["job"], run.tags["state"]
        run_id, recorded = self.known.get(job, ("", ""))
        if recorded == state:
            return
        run_id = run_id or self._create(run)
        self.known[job] = (run_id, "")
        self._log(run_id, run)
        self._upload(run_id, job_folder, keep_adapter=keep_adapter)
        status = "FINISHED" if state == State.DONE else "FAILED"
        self.client.set_tag(run_id, "state", state)
        self.client.set_terminated(run_id, status=status, end_time=run.end_ms)
        self.known[job] = (run_id, state)

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
        tags = [RunTag(name, value) for name, value in run.tags.items() if name != "state"]
        self.client.log_batch(run_id, metrics[:METRICS_PER_BATCH], params, tags)
        for start in range(METRICS_PER_BATCH, len(metrics), METRICS_PER_BATCH):
            self.client.log_batch(run_id, metrics[start : start + METRICS_PER_BATCH])

    def _upload(self, run_id: str, job_folder: Path, *, keep_adapter: bool) -> None:
        for name in JOB_FILES:
            if (job_folder / name).is_file():
                self.client.log_artifact(run_id, str(job_folder / name))
        if keep_adapter and (job_folder / "adapter").is_dir():
            self.client.log_artifacts(run_id, str(job_folder / "adapter"), "adapter")


def _begin(settings: TrackingSettings, place: Place, uri: str, config_json: str) -> Session:
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
            client = MlflowClient(uri)
            experiment_id = _experiment(client, settings, place, uri)
        run_id = _sweep_run(client, experiment_id, place, config_json)
        return Session(client, experiment_id, run_id, _known(client, experiment_id, run_id))
    except (MlflowException, SQLAlchemyError, ImportError) as error:
        raise unusable(uri, _first_line(error)) from error


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


def _known(client: "MlflowClient", experiment_id: str, run_id: str) -> dict[str, tuple[str, str]]:
    """Returns the child runs that are there already, by job hash."""
    mine = f"tags.mlflow.parentRunId = '{run_id}'"
    known: dict[str, tuple[str, str]] = {}
    token: str | None = None
    while token != "":
        page: Any = client.search_runs([experiment_id], mine, page_token=token)
        for run in page:
            tags = run.data.tags
            known[tags["job"]] = (run.info.run_id, tags.get("state", ""))
        token = page.token or ""
    return known


def _identity(folder: Path) -> str:
    """Returns the name that this sweep folder alone has, made on first use."""
    file = folder / IDENTITY_FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(uuid.uuid4().hex, encoding="utf-8")
    return file.read_text(encoding="utf-8").strip()


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
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    import mlflow  # noqa: F401  importing it sets its loggers up

    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _default_file(place: Place) -> Path:
    return place.storage / "mlflow.db"


def _default_uri(place: Place) -> str:
    return f"sqlite:///{_default_file(place)}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

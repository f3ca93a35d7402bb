"""Opens an MLflow store and finds the sweep's run in it, or makes both."""

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.errors import ConfigError
from orchestrator.config.tracking import TrackingSettings
from orchestrator.storage.address import Address
from orchestrator.storage.files import ARTIFACTS, CONFIG_FILE, DATABASE_LOCK, IDENTITY_FILE
from orchestrator.storage.sweep_identity import sweep_identity
from orchestrator.tracking.failure import first_line
from orchestrator.tracking.session import Place, Session
from orchestrator.tracking.store_address import database_file, sqlite_uri, unusable

if TYPE_CHECKING:
    from mlflow import MlflowClient

KIND = {"mlflow.experimentKind": "custom_model_development"}
"""The tag of an experiment by which MLflow opens it on its list of runs, not on traces of agents."""
FOLDER = "folder"
"""The tag of a sweep's run that says where the sweep is kept."""


def begin_session(
    settings: TrackingSettings, place: Place, address: Address, config_json: str
) -> Session:
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
            _make_database(address.used)
            client = MlflowClient(address.used)
            experiment_id = _experiment(client, settings, place, address.used)
        return Session(client, experiment_id, _sweep_run(client, experiment_id, place, config_json))
    except (MlflowException, SQLAlchemyError, ImportError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise unusable(address, first_line(error)) from None


def _experiment(client: "MlflowClient", settings: TrackingSettings, place: Place, uri: str) -> str:
    """Returns the experiment's id; a store that is no server keeps artifacts in our storage."""
    name = settings.experiment or place.name
    found = client.get_experiment_by_name(name)
    if found is None:
        folder = None if uri.startswith("http") else (place.storage / ARTIFACTS).as_uri()
        return str(client.create_experiment(name, artifact_location=folder, tags=KIND))
    if found.lifecycle_stage != "active":
        raise ConfigError(
            f"tracking.experiment must be an active experiment but got {name!r}, "
            "which was deleted; restore it or choose another name"
        )
    return str(found.experiment_id)


def _sweep_run(client: "MlflowClient", experiment_id: str, place: Place, config_json: str) -> str:
    """Returns the sweep's run, found by the identity that its folder keeps, or made."""
    here = str(place.folder.resolve())
    identity = sweep_identity(place.folder, lost=_lost_identity(client, experiment_id, place, here))
    found = client.search_runs([experiment_id], f"tags.sweep_id = '{identity}'", max_results=1)
    if found:
        run_id = str(found[0].info.run_id)
        client.update_run(run_id, status="RUNNING")
    else:
        tags = {"sweep": place.name, "sweep_id": identity, "phase": "sweep"}
        run = client.create_run(experiment_id, tags=tags, run_name=place.name)
        run_id = str(run.info.run_id)
    client.set_tag(run_id, FOLDER, here)
    client.log_dict(run_id, json.loads(config_json), CONFIG_FILE)
    return run_id


def _lost_identity(
    client: "MlflowClient", experiment_id: str, place: Place, here: str
) -> str | None:
    """Returns by what the sweep was known whose folder has lost the file that said so, if it was.

    It is that of the latest run of this folder: otherwise all jobs would be recorded once more.
    """
    begun = (place.folder / CONFIG_FILE).is_file()
    if not begun or (place.folder / IDENTITY_FILE).exists():
        return None
    token: str | None = None
    while token != "":
        page: Any = client.search_runs([experiment_id], "tags.phase = 'sweep'", page_token=token)
        for run in page:  # the latest first
            if run.data.tags.get(FOLDER) == here:
                return str(run.data.tags["sweep_id"])
        token = page.token or ""
    return None


def _make_database(uri: str) -> None:
    """Makes an SQLite database that is not there yet beside its place, and renames it at last.

    It takes seconds, and MLflow cannot use one whose making was cut off.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    file = database_file(uri)
    if file is None or "?" in uri or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    for left in file.parent.glob(f"{part.name}*"):
        left.unlink()
    store = SqlAlchemyStore(sqlite_uri(part), (file.parent / ARTIFACTS).as_uri())
    store.engine.dispose()
    part.replace(file)


@contextmanager
def _alone(storage: Path) -> Iterator[None]:
    """Holds a lock: processes that create one fresh database together make each other fail."""
    storage.mkdir(parents=True, exist_ok=True)
    with (storage / DATABASE_LOCK).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _quieten() -> None:
    """Imports MLflow without its chatter, its usage statistics and its minutes of retries.

    A retry inside MLflow might make a run twice without a word.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")  # `writer.py` does it
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    import mlflow  # noqa: F401  importing it sets its loggers up

    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it raises as well

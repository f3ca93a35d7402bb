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
from orchestrator.tracking.experiment import SWEEP_ID, experiment_for, searched_experiments
from orchestrator.tracking.failure import first_line
from orchestrator.tracking.session import Place, Session
from orchestrator.tracking.store_address import database_file, sqlite_uri, unusable

if TYPE_CHECKING:
    from mlflow import MlflowClient

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
            return Session(client, *_sweep_run(client, settings, place, config_json))
    except (MlflowException, SQLAlchemyError, ImportError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise unusable(address, first_line(error)) from None


def _sweep_run(
    client: "MlflowClient", settings: TrackingSettings, place: Place, config_json: str
) -> tuple[str, str]:
    """Returns the ids of the sweep's experiment and run.

    The run is found by the identity that the sweep's folder keeps, or made. Unless an experiment is
    set, it stays in the one in which it was begun.
    """
    here = str(place.folder.resolve())
    # Of a sweep that is new nothing is there; to list thousands of experiments takes a second.
    begun = any((place.folder / name).is_file() for name in (CONFIG_FILE, IDENTITY_FILE))
    searched = searched_experiments(client, settings) if begun else []
    identity = sweep_identity(place.folder, lost=_lost_identity(client, searched, place, here))
    mine = f"tags.{SWEEP_ID} = '{identity}'"
    found = client.search_runs(searched, mine, max_results=1) if searched else []
    if found:
        run_id, experiment_id = str(found[0].info.run_id), str(found[0].info.experiment_id)
        client.update_run(run_id, status="RUNNING")
    else:
        experiment_id = experiment_for(client, settings, place, identity)
        tags = {"sweep": place.name, SWEEP_ID: identity, "phase": "sweep"}
        run = client.create_run(experiment_id, tags=tags, run_name=place.name)
        run_id = str(run.info.run_id)
    client.set_tag(run_id, FOLDER, here)
    client.log_dict(run_id, json.loads(config_json), CONFIG_FILE)
    return experiment_id, run_id


def _lost_identity(
    client: "MlflowClient", searched: list[str], place: Place, here: str
) -> str | None:
    """Returns by what the sweep was known whose folder has lost the file that said so, if it was.

    It is that of the latest run of this folder: otherwise all jobs would be recorded once more.
    """
    begun = (place.folder / CONFIG_FILE).is_file()
    if not searched or not begun or (place.folder / IDENTITY_FILE).exists():
        return None
    token: str | None = None
    while token != "":
        page: Any = client.search_runs(searched, "tags.phase = 'sweep'", page_token=token)
        for run in page:  # the latest first
            if run.data.tags.get(FOLDER) == here:
                return str(run.data.tags[SWEEP_ID])
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

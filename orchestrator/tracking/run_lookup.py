"""Which job an MLflow run is the record of."""

from pathlib import Path

from evals.errors import ConfigError
from orchestrator.storage.address import Address
from orchestrator.storage.files import DATABASE
from orchestrator.tracking.failure import first_line
from orchestrator.tracking.store_address import check_answers, database_file, default_address

OPTION = "--tracking-uri"


def job_of_run(run_id: str, *, store: Address | None, storage: Path) -> str:
    """Returns the hash of the job that the run records; no store is the storage's own database.

    Raises:
        ConfigError: the store does not answer, has no such run, or the run is no job's.
    """
    address = _address(store, storage)
    check_answers(address, key=OPTION)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        tags = MlflowClient(address.used).get_run(run_id).data.tags
    except MlflowException as error:
        raise ConfigError(
            f"RUN must be the id of an MLflow run in {address.shown} but got {run_id!r} "
            f"({address.cleaned(first_line(error))}); correct it, or name another store with "
            f"{OPTION}"
        ) from None
    if "job" not in tags:
        raise ConfigError(
            f"RUN must be the run of one job but got {run_id!r}, which is a sweep's; name one of "
            "its child runs"
        )
    return str(tags["job"])


def _address(store: Address | None, storage: Path) -> Address:
    """Returns where to ask. MLflow would make a database of a file that is not there."""
    file = storage / DATABASE if store is None else _file(store)
    if file is not None and not file.is_file():
        key, value = ("--storage", str(storage)) if store is None else (OPTION, store.shown)
        raise ConfigError(
            f"{key} must lead to MLflow's database but got {value!r}, where there is no file "
            f"{file}; name the storage of the run's sweep with --storage, or the store that it "
            f"was recorded in with {OPTION}"
        )
    return store or default_address(storage)


def _file(store: Address) -> Path | None:
    try:
        return database_file(store.used)
    except ValueError:  # it is refused as an address that nobody answers at
        return None

"""Which job an MLflow run is the record of."""

from pathlib import Path

from evals.errors import ConfigError
from orchestrator.storage.files import DATABASE
from orchestrator.tracking.store_address import check_answers, shown


def job_of_run(run_id: str, *, uri: str | None, storage: Path) -> str:
    """Returns the hash of the job that the run records; `uri` None is the storage's own database.

    Raises:
        ConfigError: the store does not answer, has no such run, or the run is no job's.
    """
    uri = _address(uri, storage)
    check_answers(uri)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        tags = MlflowClient(uri).get_run(run_id).data.tags
    except MlflowException as error:
        raise ConfigError(
            f"RUN must be the id of an MLflow run in {shown(uri)} but got {run_id!r} "
            f"({str(error).splitlines()[0]}); correct it, or name another store with "
            "--tracking-uri"
        ) from None
    if "job" not in tags:
        raise ConfigError(
            f"RUN must be the run of one job but got {run_id!r}, which is a sweep's; name one of "
            "its child runs"
        )
    return str(tags["job"])


def _address(uri: str | None, storage: Path) -> str:
    """Returns where to ask. MLflow would make a database of a file that is not there."""
    file = storage / DATABASE if uri is None else _sqlite_file(uri)
    if file is not None and not file.is_file():
        key, value = ("--storage", storage) if uri is None else ("--tracking-uri", uri)
        raise ConfigError(
            f"{key} must lead to MLflow's database but got {str(value)!r}, where there is no file "
            f"{file}; name the storage of the run's sweep with --storage, or the store that it "
            "was recorded in with --tracking-uri"
        )
    return uri or f"sqlite:///{file}"


def _sqlite_file(uri: str) -> Path | None:
    if not uri.startswith("sqlite:///"):
        return None
    return Path(uri.removeprefix("sqlite:///").partition("?")[0])

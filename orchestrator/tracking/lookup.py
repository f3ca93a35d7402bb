"""Which job an MLflow run is the record of."""

from pathlib import Path

from evals.errors import ConfigError
from orchestrator.tracking.store_address import check_answers, shown


def job_of_run(run_id: str, *, uri: str | None, storage: Path) -> str:
    """Returns the hash of the job that the run records; `uri` None is the storage's own database.

    Raises:
        ConfigError: the store does not answer, has no such run, or the run is no job's.
    """
    uri = uri or f"sqlite:///{storage / 'mlflow.db'}"
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

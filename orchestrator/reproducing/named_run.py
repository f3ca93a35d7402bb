"""Which job a person means: by its hash, its folder, or the id of its run in MLflow."""

import os
import re
from pathlib import Path

from evals.errors import ConfigError
from evals.paths import read_path
from orchestrator.storage.address import Address
from orchestrator.storage.files import JOB_FILE
from orchestrator.storage.masked_traceback import MaskedTraceback
from orchestrator.storage.project_folder import STORAGE, in_project


def named_job(
    run: str, *, storage: str | None, tracking_uri: str | None, masked: MaskedTraceback
) -> tuple[str, Path]:
    """Returns the job's hash and the storage folder, whatever `run` is.

    `storage` is where it lies unless `run` is a folder, None the one that sweeps take if none is
    named; `tracking_uri` MLflow's store, if it is
    not the storage's own. `masked` hides its password from then on.

    Raises:
        ConfigError: it is nothing of the kind, or MLflow knows no such run.
    """
    given = in_project(STORAGE) if storage is None else read_path(storage, key="--storage")
    root = given.resolve()
    folder = read_path(run, key="RUN").resolve()
    if (folder / JOB_FILE).is_file():
        return folder.name, folder.parent.parent
    if re.fullmatch(r"[0-9a-f]{16}", run):
        return run, root
    if re.fullmatch(r"[0-9a-f]{32}", run):
        from orchestrator.tracking.run_lookup import job_of_run

        store = None if tracking_uri is None else Address.of(tracking_uri, os.environ)
        masked.hide([store])
        return job_of_run(run, store=store, storage=root), root
    raise ConfigError(
        "RUN must be a job's hash (16 hexadecimal digits), a job's folder, or the id of an MLflow "
        f"run (32) but got {run!r}; see the column Job of trials.csv"
    )

"""A run's id leads to its job, and asking makes nothing."""

import re

import pytest

from evals.errors import ConfigError
from orchestrator.storage.address import Address
from orchestrator.tracking.run_lookup import job_of_run


def test_a_childs_id_leads_to_its_job_and_a_sweeps_to_none(
    storage, entry, job_folder, record, runs
) -> None:
    made = entry()
    job_folder(storage, made)
    record(storage, [made])
    [sweep], [child] = runs(storage)
    assert job_of_run(child.info.run_id, store=None, storage=storage) == made.result.job.hash
    named = Address.of(f"sqlite:///{storage / 'mlflow.db'}")
    assert job_of_run(child.info.run_id, store=named, storage=storage) == made.result.job.hash
    with pytest.raises(ConfigError, match=r"must be the run of one job .* which is a sweep's"):
        job_of_run(sweep.info.run_id, store=None, storage=storage)


def test_an_id_that_the_store_has_not_is_refused(storage) -> None:
    with pytest.raises(ConfigError, match=r"RUN must be the id of an MLflow run in sqlite:.*e{32}"):
        job_of_run("e" * 32, store=None, storage=storage)


def test_a_database_that_is_not_there_is_not_made(tmp_path) -> None:
    said = re.escape(f"--storage must lead to MLflow's database but got '{tmp_path}'")
    with pytest.raises(ConfigError, match=said):
        job_of_run("e" * 32, store=None, storage=tmp_path)
    with pytest.raises(ConfigError, match=r"--tracking-uri must lead to MLflow's .*/other\.db; "):
        job_of_run("e" * 32, store=Address.of(f"sqlite:///{tmp_path}/other.db"), storage=tmp_path)
    assert list(tmp_path.iterdir()) == []

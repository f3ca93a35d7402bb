import pytest

from evals.errors import ConfigError
from orchestrator.config.loading import load_config
from orchestrator.reproducing.named_run import named_job
from orchestrator.storage.masked_traceback import MaskedTraceback


def named(run, storage):
    return named_job(str(run), storage=str(storage), tracking_uri=None, masked=MaskedTraceback({}))


def test_a_hash_is_of_the_storage_that_is_named_and_a_folder_of_its_own(stored_sweep) -> None:
    made = stored_sweep().fill()
    job, root = made.gold.hash, made.storage.root
    assert named(job, root) == (job, root.resolve())
    assert named(made.storage.job_folder(job), "elsewhere") == (job, root.resolve())


def test_no_storage_is_that_of_sweeps_which_name_none(stored_sweep) -> None:
    made = stored_sweep().fill()
    job = made.gold.hash
    found = named_job(job, storage=None, tracking_uri=None, masked=MaskedTraceback({}))
    assert found == (job, load_config(None, []).folder)


@pytest.mark.parametrize("run", ["demo", "0123", "g" * 16, "A" * 16])
def test_anything_else_is_refused(tmp_path, run) -> None:
    with pytest.raises(ConfigError, match=f"RUN must be a job's hash .* but got '{run}'"):
        named(run, tmp_path)

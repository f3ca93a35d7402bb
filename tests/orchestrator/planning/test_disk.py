"""Disk is reckoned for what is left to be written, and compared with what is free."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from evals.errors import ConfigError
from orchestrator.baselines import gold_job, original_job, trial_job
from orchestrator.planning.anatomies import sweep_anatomies
from orchestrator.planning.disk import Disk, disk, disk_line, require_disk
from orchestrator.planning.plan import plan
from orchestrator.records import Storage
from orchestrator.result import Result, State

N, LORA = 6_738_415_616, 19_988_480


def finish(storage, job):
    result = Result(job, State.DONE, "", {"retain": 0.5}, {}, 1.0, (), 0.0)
    storage.commit(result, storage.begin(job), None)


def needed(config, benchmark):
    storage = Storage(config.folder)
    found = plan(config, benchmark, storage=storage)
    return disk(found, sweep_anatomies(config, benchmark))


def test_two_models_in_bf16_and_every_trials_adapter_twice_in_float32(large_sweep, few_people):
    found = needed(large_sweep(), few_people)
    assert found.models == 2 * 2 * N
    assert found.adapters == 2 * 6 * 4 * LORA  # once beside the result, once in MLflow


def test_mlflow_elsewhere_or_without_adapters_takes_nothing_here(large_sweep, few_people):
    elsewhere = needed(large_sweep(tracking={"uri": "http://tracking:5000"}), few_people)
    without = needed(large_sweep(tracking={"log_adapters": False}), few_people)
    assert elsewhere.adapters == without.adapters == 6 * 4 * LORA
    assert elsewhere.records < without.records


def test_what_is_finished_needs_no_more(large_sweep, few_people):
    config = large_sweep()
    storage = Storage(config.folder)
    original = original_job(config, few_people)
    params = {"lr": 1e-4, "l1": 1e-2}
    finish(storage, original)
    finish(storage, trial_job(config, few_people, label="ga", params=params, original=original))
    found = needed(config, few_people)
    assert found.models == 2 * N
    assert found.adapters == 2 * 5 * 4 * LORA
    finish(storage, gold_job(config, few_people))
    assert needed(config, few_people).models == 0


def test_a_merged_adapter_is_saved_as_the_model_was_loaded(large_sweep, few_people):
    recipe = {"training": {"batch_size": 8, "micro_batch_size": 2}, "adapter": {"rank": 8}}
    assert needed(large_sweep(baselines=recipe), few_people).models == 2 * 2 * N


def test_free_is_asked_of_the_nearest_folder_that_exists(large_sweep, few_people, monkeypatch):
    asked = []
    usage = SimpleNamespace(free=7)
    monkeypatch.setattr("shutil.disk_usage", lambda path: asked.append(path) or usage)
    config = large_sweep()
    assert needed(config, few_people).free == 7
    assert asked == [config.folder.parent]


GIB = 2**30
TIGHT = Disk(models=2 * GIB, adapters=3 * GIB, records=GIB // 2, free=5 * GIB)


def test_too_little_for_all_is_said_and_too_little_for_the_baselines_is_refused(tmp_path):
    assert disk_line(TIGHT) == (
        "Disk: about 5.5 GiB (models 2.0 GiB, adapters 3.0 GiB, records 512 MiB); "
        "5.0 GiB are free, which is too little"
    )
    assert disk_line(replace(TIGHT, free=6 * GIB)).endswith("6.0 GiB are free")
    require_disk(tmp_path, TIGHT)
    with pytest.raises(ConfigError) as caught:
        require_disk(tmp_path, replace(TIGHT, free=GIB))
    assert str(caught.value) == (
        "storage must be a folder with room for the baselines' models (2.0 GiB) but got "
        f"'{tmp_path}' with 1.0 GiB free; choose another with storage=<folder>"
    )

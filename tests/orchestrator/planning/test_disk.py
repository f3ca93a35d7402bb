"""Disk is reckoned for what is left to be written, and compared with what is free."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from evals.errors import ConfigError
from orchestrator.jobs.build import trial_job
from orchestrator.planning.disk import Disk, disk, disk_line, require_disk
from orchestrator.planning.model_sizes import sweep_sizes
from orchestrator.planning.plan import plan
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.baselines import gold_of, original_of

pytestmark = pytest.mark.usefixtures("sizes_known")


N, LORA = 6_738_415_616, 19_988_480


def finish(storage, job):
    result = Result(job, State.DONE, "", {"retain": 0.5}, {}, 1.0, (), 0.0)
    storage.commit(result, storage.begin(job), None)


def needed(config, benchmark):
    storage = Storage(config.folder)
    found = plan(config, benchmark, storage=storage)
    return disk(found, sweep_sizes(found))


def test_two_models_in_bf16_and_every_trials_adapter_twice_in_float32(large_sweep, few_people):
    found = needed(large_sweep(), few_people)
    assert found.models == 2 * 2 * N
    assert found.adapters == 2 * 6 * 4 * LORA  # once beside the result, once in MLflow


def test_mlflow_elsewhere_or_without_adapters_takes_nothing_here(large_sweep, few_people):
    elsewhere = needed(large_sweep(tracking={"uri": "http://tracking:5000"}), few_people)
    without = needed(large_sweep(tracking={"log_adapters": False}), few_people)
    assert elsewhere.adapters == without.adapters == 6 * 4 * LORA
    assert elsewhere.records < without.records


def test_finalists_leave_adapters_and_a_model(large_sweep, few_people):
    found = needed(large_sweep(finalists={"seeds": 2}), few_people)
    assert found.models == 3 * 2 * N
    assert found.adapters == 2 * (6 + 2 * 2) * 4 * LORA


def test_a_quota_keeps_the_finalists(large_sweep, few_people):
    found = needed(large_sweep(finalists={"seeds": 2}, disk={"quota": "80 GB"}), few_people)
    assert found.weights.least == 3 * 2 * N + (2 + 4) * 2 * 4 * LORA


def test_whole_models_of_trials_are_counted_once_and_called_so(large_sweep, few_people):
    found = needed(large_sweep(adapter=None, disk={"quota": "100 GB"}), few_people)
    assert found.models == 2 * 2 * N
    assert found.adapters == 6 * 2 * N
    assert found.weights.least == (2 + 2) * 2 * N
    assert "trials' models 75.3 GiB" in disk_line(found)
    assert disk_line(found).endswith("of dominated trials' models will be removed")
    with pytest.raises(ConfigError, match="a model of each method and the finalists'"):
        require_disk(Path(), replace(found, weights=replace(found.weights, quota=1)))


def test_what_is_finished_needs_no_more(large_sweep, few_people):
    config = large_sweep()
    storage = Storage(config.folder)
    original = original_of(config, few_people)
    params = {"lr": 1e-4, "l1": 1e-2}
    finish(storage, original)
    finish(storage, trial_job(config, few_people, label="ga", params=params, original=original))
    found = needed(config, few_people)
    assert found.models == 2 * N
    assert found.adapters == 2 * 5 * 4 * LORA
    finish(storage, gold_of(config, few_people))
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


def test_a_quota_says_what_will_go_and_counts_what_stays(large_sweep, few_people):
    all_weights = 2 * 2 * N + 2 * 6 * 4 * LORA
    found = needed(large_sweep(disk={"quota": f"{25.5 * GIB:.0f}"}), few_people)
    assert found.weights.models + found.weights.adapters == all_weights
    assert found.total == 25.5 * GIB + found.records
    over = (all_weights - 25.5 * GIB) / 2**20
    assert disk_line(found).splitlines()[1] == (
        "Quota of disk: 25.5 GiB (disk.quota); all weights take 26.0 GiB, so "
        f"{over:.0f} MiB of dominated trials' adapters will be removed"
    )
    ample = needed(large_sweep(disk={"quota": "30 GiB"}), few_people)
    assert disk_line(ample).endswith("all weights take 26.0 GiB, so all are kept")
    assert ample.total == needed(large_sweep(), few_people).total


def test_a_quota_that_can_never_be_kept_is_refused(large_sweep, few_people, tmp_path):
    with pytest.raises(ConfigError) as caught:
        require_disk(tmp_path, needed(large_sweep(disk={"quota": "20 GB"}), few_people))
    assert str(caught.value) == (
        "disk.quota must have room for the baselines' models, an adapter of each method and the "
        "finalists' (25.4 GiB) but got 18.6 GiB; raise it"
    )

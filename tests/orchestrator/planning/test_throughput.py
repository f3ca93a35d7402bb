"""The pace is that of finished jobs of the same recipe, and of no others."""

import pytest

from orchestrator.jobs.build import trial_job
from orchestrator.planning.throughput import Pace, finished_paces
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.baselines import gold_of, original_of


@pytest.fixture
def storage(tmp_path):
    return Storage(tmp_path / "paces")


def finish(storage, job, wall_s, *, steps=10.0, state=State.DONE):
    result = Result(job, state, "", {}, {"steps": steps}, wall_s, (), 0.0)
    storage.commit(result, storage.begin(job), None)


def trial(config, benchmark, label, **params):
    original = original_of(config, benchmark)
    return trial_job(config, benchmark, label=label, params=params, original=original)


def test_a_fresh_storage_tells_nothing(large_sweep, few_people, storage):
    assert finished_paces(large_sweep(), few_people, storage) == {}


def test_trials_count_by_method_whatever_their_point(large_sweep, few_people, storage):
    config = large_sweep()
    for lr, wall_s in ((1e-4, 30.0), (2e-4, 10.0), (3e-4, 20.0)):
        finish(storage, trial(config, few_people, "ga", lr=lr, l1=1e-2), wall_s)
    finish(storage, trial(config, few_people, "kl", lr=1e-4, l1=1e-2), 50.0)
    found = finished_paces(config, few_people, storage)
    assert found == {"ga": Pace(2.0, 3), "kl": Pace(5.0, 1)}


def test_both_baselines_are_one_recipe(large_sweep, few_people, storage):
    config = large_sweep()
    finish(storage, original_of(config, few_people), 40.0, steps=20.0)
    finish(storage, gold_of(config, few_people), 40.0, steps=10.0)
    assert finished_paces(config, few_people, storage) == {"": Pace(3.0, 2)}


@pytest.mark.parametrize(
    "changes",
    [
        {"training": {"batch_size": 8, "micro_batch_size": 1}},
        {"adapter": {"rank": 4}},
        {"engine": {"zero_stage": 3, "dtype": "bf16"}},
        {"evaluation": {"metrics": ["retain", "log_forget_quality"], "max_items": 3}},
    ],
    ids=str,
)
def test_another_recipe_does_not_count(large_sweep, few_people, storage, changes):
    finish(storage, trial(large_sweep(**changes), few_people, "ga", lr=1e-4, l1=1e-2), 30.0)
    assert finished_paces(large_sweep(), few_people, storage) == {}


def test_a_failed_job_does_not_count(large_sweep, few_people, storage):
    config = large_sweep()
    job = trial(config, few_people, "ga", lr=1e-4, l1=1e-2)
    finish(storage, job, 30.0, state=State.FAILED)
    assert finished_paces(config, few_people, storage) == {}

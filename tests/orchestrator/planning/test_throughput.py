"""The pace is that of finished jobs of the same recipe, and of no others."""

import pytest

from orchestrator.config.gang import GangSettings
from orchestrator.jobs.build import trial_job
from orchestrator.planning.throughput import (
    FinishedJob,
    Pace,
    finished_jobs,
    paces_on,
    parallel_speed,
)
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.baselines import gold_of, original_of


@pytest.fixture
def storage(tmp_path):
    return Storage(tmp_path / "paces")


def finish(storage, job, wall_s, *, steps=10.0, state=State.DONE, **facts):
    result = Result(job, state, "", {}, {"steps": steps, **facts}, wall_s, (), 0.0)
    storage.commit(result, storage.begin(job), None)


def finished_paces(config, benchmark, storage):
    return paces_on(finished_jobs(config, benchmark, storage), config.gang)


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


def test_gangs_of_as_many_ranks_tell_or_else_the_nearest(large_sweep, few_people, storage):
    config = large_sweep()
    points = {1.0: 40.0, 4.0: 16.0}
    for ranks, wall_s in points.items():
        job = trial(config, few_people, "ga", lr=1e-4 * ranks, l1=1e-2)
        finish(storage, job, wall_s, ranks=ranks)
    found = finished_jobs(config, few_people, storage)
    assert paces_on(found, config.gang) == {"ga": Pace(1.6, 1)}
    assert paces_on(found, GangSettings(ranks=1)) == {"ga": Pace(4.0, 1)}
    eight = paces_on(found, GangSettings(ranks=8))["ga"]
    assert eight.step_s == pytest.approx(1.6 / (2 * 0.84))


def test_what_a_part_of_a_gpu_takes_is_told_by_jobs_that_had_no_more():
    jobs = [FinishedJob("ga", 2.0, 1), FinishedJob("ga", 3.0, 1, gpus_per_rank=0.5)]
    half = GangSettings(ranks=1, gpus_per_rank=0.5)
    assert paces_on(jobs, half) == {"ga": Pace(3.0, 1)}
    assert paces_on(jobs, GangSettings(ranks=1, gpus_per_rank=1)) == {"ga": Pace(2.0, 1)}


def test_twice_the_ranks_are_not_twice_as_quick():
    assert [parallel_speed(ranks) for ranks in (1, 2, 4)] == pytest.approx([1, 1.68, 2.8224])

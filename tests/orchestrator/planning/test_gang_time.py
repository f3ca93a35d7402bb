"""What is left runs in rounds; a GPU is shared for nothing once its gangs keep it busy."""

import pytest

from orchestrator.config.gang import GangSettings
from orchestrator.planning.gang_time import Use, gpu_use, time_on
from orchestrator.planning.plan import plan
from orchestrator.planning.throughput import FinishedJob
from orchestrator.storage.records import Storage

ALONE = GangSettings(ranks=1, gpus_per_rank=1)
JOBS = [FinishedJob(name, 2.0, 1) for name in ("ga", "kl", "")]


@pytest.fixture
def planned(large_sweep, few_people):
    """A plan of 2 baselines of 20 and 12 steps, and 6 trials, of a model that is not known."""
    config = large_sweep()
    return plan(config, few_people, storage=Storage(config.folder))


def on(gang, planned, *, num_gangs, use=1.0, jobs=JOBS):
    return time_on(gang, planned, (), jobs, num_gangs=num_gangs, use=Use(use, ""))


def test_jobs_of_a_kind_run_in_rounds(planned):
    baselines = [each.num_steps for each in planned.baselines]
    (steps,) = {method.num_steps for method in planned.methods}
    one = 2.0 * (sum(baselines) + 6 * steps)
    assert on(ALONE, planned, num_gangs=1) == pytest.approx(one)
    assert on(ALONE, planned, num_gangs=6) == pytest.approx(2.0 * (sum(baselines) / 2 + steps))
    four = on(ALONE, planned, num_gangs=4)
    assert four == pytest.approx(2.0 * (sum(baselines) / 2 + 2 * steps))


def test_sharing_a_gpu_costs_nothing_while_it_is_idle_for_as_long(planned):
    half = GangSettings(ranks=1, gpus_per_rank=0.5)
    alone = on(ALONE, planned, num_gangs=2, use=0.5)
    assert on(half, planned, num_gangs=2, use=0.5) == alone
    assert on(half, planned, num_gangs=2, use=0.75) == pytest.approx(1.5 * alone)


def test_without_finished_jobs_the_config_says_how_busy_a_gpu_is(planned):
    assert gpu_use(planned, (), []) == Use(0.5, "plan.gpu_use")
    assert gpu_use(planned, (), JOBS).share == 0.5  # the work of a model that is not known


def test_without_paces_more_ranks_are_quicker(planned):
    two = GangSettings(ranks=2, gpus_per_rank=1)
    times = [on(gang, planned, num_gangs=1, jobs=[]) for gang in (ALONE, two)]
    assert times[0] / times[1] == pytest.approx(1.68)

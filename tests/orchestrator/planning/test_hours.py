"""Hours follow finished jobs where there are any, and the stated rate where there are none."""

import pytest

from orchestrator.config.gang import GangSettings
from orchestrator.config.plan import PlanSettings
from orchestrator.planning.hours import Batch, hours, hours_line, num_devices
from orchestrator.planning.throughput import Pace

GPUS = GangSettings(ranks=4, gpus_per_rank=1, cpus_per_rank=8)
CPUS = GangSettings(ranks=2, cpus_per_rank=3)
RATES = PlanSettings(gpu_tflops=100, cpu_gflops=10)
HOUR = 3600


def test_devices_are_gpus_where_a_rank_has_one():
    assert (num_devices(GPUS), num_devices(CPUS)) == (4, 6)


def test_without_a_finished_job_work_is_done_at_the_stated_rate():
    batches = [Batch("baselines", 1, 10, flops=36e16), Batch("trials", 3, 10, flops=72e16)]
    found = hours(batches, GPUS, RATES)
    assert found.by_jobs == pytest.approx({"baselines": 1.0, "trials": 6.0})
    assert found.basis == "by its work, at 100 TFLOP/s a GPU (plan.gpu_tflops)"
    found = hours([Batch("trials", 1, 10, flops=36e12)], CPUS, RATES)
    assert found.total == pytest.approx(1.0)
    assert "10 GFLOP/s a CPU (plan.cpu_gflops)" in found.basis


def test_jobs_like_finished_ones_take_as_long_whatever_their_work():
    batches = [Batch("trials", 3, 100, flops=1.0, pace=Pace(step_s=36.0, num_jobs=2))]
    found = hours(batches, GPUS, RATES)
    assert found.total == pytest.approx(3 * 100 * 36 * 4 / HOUR)
    assert found.basis == "as 2 finished jobs took"


def test_other_jobs_take_longer_as_they_are_more_work():
    batches = [
        Batch("trials", 0, 100, flops=5.0, pace=Pace(step_s=36.0, num_jobs=7)),
        Batch("trials", 1, 100, flops=10.0),
    ]
    found = hours(batches, GPUS, RATES)
    assert found.total == pytest.approx(2 * 100 * 36 * 4 / HOUR)
    assert found.basis == "as 7 finished jobs took, others by their work"


def test_a_model_that_is_not_known_is_scaled_by_steps_or_not_at_all():
    measured = Batch("baselines", 0, 50, pace=Pace(step_s=2.0, num_jobs=1))
    found = hours([measured, Batch("trials", 1, 100)], GPUS, RATES)
    assert found.total == pytest.approx(100 * 2 * 4 / HOUR)
    assert hours([Batch("trials", 1, 100)], GPUS, RATES) is None


def test_nothing_left_takes_nothing():
    assert hours([Batch("trials", 0, 10, flops=1.0)], GPUS, RATES).total == 0


def test_the_line_says_how_long_it_is_on_the_gangs_that_fit():
    found = hours([Batch("trials", 8, 10, flops=36e16)], GPUS, RATES)
    assert hours_line(found, GPUS, num_gangs=2) == (
        "GPU-hours left: about 8 (trials 8), by its work, at 100 TFLOP/s a GPU "
        "(plan.gpu_tflops); 1 h here"
    )
    assert "here" not in hours_line(found, GPUS, num_gangs=0)
    assert hours_line(found, CPUS, num_gangs=1).startswith("CPU-hours")

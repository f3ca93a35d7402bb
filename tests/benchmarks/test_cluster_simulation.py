"""What a simulated sweep waits for is worked out by hand in small cases."""

from dataclasses import replace

import pytest
from cluster_simulation import Costs, Stage, Sweep, Talk, simulated

FREE = Costs(0, 0, 0, 0, 0, 0, 0, 0)
TWO = Stage("baselines", (10.0, 10.0))
FOUR = Stage("trials", (10.0,) * 4, searched=True)


def test_without_costs_jobs_run_in_rounds_and_stages_wait_for_each_other() -> None:
    one = simulated(Sweep((TWO, FOUR)), FREE, 1)
    assert (one.makespan_s, one.use, one.idle_s) == (60.0, 1.0, 0.0)
    four = simulated(Sweep((TWO, FOUR)), FREE, 4)
    assert four.makespan_s == 20.0
    assert four.use == 60 / 80  # two gangs have no baseline
    assert four.idle_s == 20.0


def test_the_driver_gives_out_one_job_after_another() -> None:
    costs = replace(FREE, job_s=1.0, suggest_s=2.0)
    found = simulated(Sweep((FOUR,)), costs, 4)
    assert found.makespan_s == 4 * 3 + 10  # the last gang begins after all are given out
    assert found.waits.driver_s == 3 + 6 + 9 + 12
    assert found.driver == pytest.approx(12 / 22)


def test_gangs_start_once_read_the_model_in_turn_and_write_what_they_made() -> None:
    costs = replace(FREE, start_s=5.0, gang_s=7.0, trial_s=1.0, storage_bytes_s=2.0)
    found = simulated(Sweep((FOUR,), model_bytes=4.0, adapter_bytes=0.0), costs, 2)
    # Gang 0 has read at 5 + 7 + 2, gang 1 at 16; each has then 10, 1 and 10.
    assert found.makespan_s == 16 + 21
    assert (found.waits.starts_s, found.waits.storage_s) == (16.0, 2.0 + 4.0)
    wrote = simulated(Sweep((TWO,), adapter_bytes=6.0), replace(FREE, storage_bytes_s=2.0), 2)
    assert wrote.makespan_s == 16.0


def test_a_long_job_holds_up_nobody_who_writes_before_it_ends() -> None:
    stage = Stage("trials", (100.0, 1.0, 1.0))
    costs = replace(FREE, storage_bytes_s=1.0)
    assert simulated(Sweep((stage,), adapter_bytes=1.0), costs, 2).makespan_s == 101.0


def test_the_sweep_waits_for_mlflow_at_its_end_and_for_its_report() -> None:
    found = simulated(Sweep((FOUR,)), replace(FREE, mlflow_s=30.0, report_s=1.0), 4)
    assert (found.makespan_s, found.backlog_s, found.mlflow) == (130.0, 120.0, 12.0)
    assert simulated(Sweep((FOUR,)), replace(FREE, report_s=1.0), 4).makespan_s == 14.0


def test_signs_of_life_slow_all_down_as_soon_as_the_driver_has_no_time_between_them() -> None:
    costs = replace(FREE, event_s=0.02, beat_s=2.0)
    one = Talk.of(1, costs)
    assert (one.slower, one.load) == pytest.approx((1.01, 0.02 / 2.02))
    crowd = Talk.of(400, costs)  # 400 x 20 ms in a round of 2 s
    assert crowd.slower == pytest.approx(4.0, rel=0.02)
    assert crowd.load == 0.99
    assert simulated(Sweep((FOUR,)), replace(costs, event_s=0.0), 4).makespan_s == 10.0
    slowed = simulated(Sweep((FOUR,)), costs, 4)
    assert slowed.makespan_s == pytest.approx(10 * Talk.of(4, costs).slower)

"""Jobs become stages, more ranks are taken where jobs are few, and finished sweeps are checked."""

import sys
from dataclasses import replace

import cluster_model
import pytest
from cluster_model import COSTS, Jobs, checked, quickest, read_jobs, row, sweep_of
from cluster_simulation import Costs

from orchestrator.config.budget import BudgetSettings
from orchestrator.config.gang import GangSettings
from orchestrator.limits.ledger import Ledger

FREE = Costs(0, 0, 0, 0, 0, 0, 0, 0)


def jobs(stage, count, gpu_s):
    return Jobs("s", stage, count, gpu_s, model_gib=0.0, adapter_mib=0.0)


def test_methods_take_turns_and_more_ranks_are_quicker() -> None:
    found = sweep_of([jobs("trials", 2, 10.0), jobs("trials", 3, 20.0)], ranks=1)
    assert [stage.jobs for stage in found.stages] == [(), (10.0, 20.0, 10.0, 20.0, 20.0), (), ()]
    assert [stage.searched for stage in found.stages] == [False, True, False, False]
    assert sweep_of([jobs("trials", 1, 16.8)], ranks=2).work_s == pytest.approx(10.0)


def test_more_ranks_are_taken_once_there_are_more_gpus_than_jobs() -> None:
    trials = [jobs("trials", 4, 100.0)]
    ranks, outcome = quickest(trials, FREE, 4)
    assert (ranks, outcome.makespan_s) == (1, 100.0)
    ranks, outcome = quickest(trials, FREE, 8)
    assert (ranks, outcome.makespan_s) == (2, pytest.approx(100 / 1.68))


def test_the_shares_of_a_row_are_of_all_gpus_time() -> None:
    trials = [jobs("trials", 4, 100.0)]
    costs = replace(FREE, trial_s=5.0, gang_s=5.0)
    alone = row(4, [quickest(trials, costs, 4)], 400.0)
    assert alone[2:9] == ["0", "95.2 %", "0.0 %", "0.0 %", "0.0 %", "0.0 %", "4.8 %"]
    spread = row(8, [quickest(trials, FREE, 8)], 400.0)
    assert spread[3:6] == ["84.0 %", "0.0 %", "16.0 %"]


def test_a_finished_sweep_is_held_against_the_model_of_its_ledger(tmp_path) -> None:
    now = [100.0]
    ledger = Ledger(
        tmp_path, gang=GangSettings(ranks=1), budget=BudgetSettings(), clock=lambda: now[0]
    )
    now[0] = 104.0
    for label, number, took_s in (("original", None, 10), ("ga", 0, 5), ("ga", 1, 7)):
        ledger.give(label, number, f"{label}{number}")
        now[0] += took_s
        ledger.end(f"{label}{number}", took_s)
    now[0] += 2.0
    ledger.close()
    found = checked(tmp_path, replace(FREE, report_s=2 / 3), 1)
    assert found[1:] == ["3", "1", "22", "28", "22", "28", "+0.0 %", "78.6 %", "78.6 %"]
    two = checked(tmp_path, FREE, 2)
    assert two[6] == "20"  # 4 until the first job, 10 and 6 in the mean


def test_the_command_prints_a_row_for_each_number_of_gpus(tmp_path, monkeypatch, capsys) -> None:
    file = tmp_path / "jobs.csv"
    file.write_text("sweep,stage,jobs,gpu_s,model_gib,adapter_mib\na,trials,3,60,12,40\n")
    words = ["--jobs", str(file), "--gpus", "1", "1000"]
    monkeypatch.setattr(sys, "argv", ["cluster_model.py", *words])
    cluster_model.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [line[1] for line in lines[2:]] == ["1", "1000"]


def test_what_is_recorded_of_the_paper_has_every_sweep_whole() -> None:
    recorded = read_jobs(cluster_model.RECORDED / "paper_jobs.csv")
    assert len(recorded) == 7
    for found in recorded.values():
        assert {"baselines", "trials", "finalists"} <= {each.stage for each in found}
        assert all(each.gpu_s > 0 for each in found)
    assert COSTS.beat_s == 2.0

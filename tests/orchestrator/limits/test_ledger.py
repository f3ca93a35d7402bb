"""What a sweep used, over runs that ended well and runs that were killed."""

from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.config.budget import BudgetSettings, Use
from orchestrator.config.gang import GangSettings
from orchestrator.limits.ledger import Ledger
from orchestrator.limits.usage import Account


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begin(folder: Path, clock: Clock, *, last_alive: float | None = None, **limits) -> Ledger:
    budget = BudgetSettings(**limits)
    return Ledger(
        folder,
        gang=GangSettings(cpus_per_rank=2, gpus_per_rank=1),
        budget=budget,
        last_alive=last_alive,
        clock=clock,
    )


def run(ledger: Ledger, job: str, *, label: str = "npo", number: int = 0, gang_s: float) -> None:
    ledger.give(label, number, job)
    ledger.hear(job)
    ledger.end(job, gang_s)


def test_a_job_costs_its_gangs_time_and_what_the_gang_held(tmp_path, clock) -> None:
    ledger = begin(tmp_path, clock)
    run(ledger, "a", gang_s=10)
    run(ledger, "b", number=1, gang_s=5)
    run(ledger, "c", label="ga", gang_s=1)
    assert ledger.account("npo") == Account(2, Use(15, 60, 30))
    assert ledger.total == Use(16, 64, 32)
    assert ledger.account("rmu") == Account()


def test_what_was_used_is_remembered_over_runs_and_the_time_between_them_is_not(
    tmp_path, clock
) -> None:
    ledger = begin(tmp_path, clock)
    run(ledger, "a", gang_s=10)
    clock.now += 20
    ledger.close()
    clock.now += 500
    again = begin(tmp_path, clock)
    clock.now += 7
    assert again.wall_s == pytest.approx(27)
    assert again.account("npo") == ledger.account("npo")
    assert again.made("npo", 0)
    assert not again.made("npo", 1)


def test_a_killed_run_is_closed_at_its_last_sign_of_life(tmp_path, clock) -> None:
    begin(tmp_path, clock)
    clock.now = 2000
    assert begin(tmp_path, clock, last_alive=1030.0).wall_s == pytest.approx(30)


def test_without_a_sign_of_life_a_killed_run_is_closed_at_its_last_line(tmp_path, clock) -> None:
    ledger = begin(tmp_path, clock)
    clock.now += 12
    ledger.give("npo", 0, "a")
    clock.now = 2000
    assert begin(tmp_path, clock).wall_s == pytest.approx(12)


def test_a_job_that_was_cut_off_has_used_the_time_it_ran(tmp_path, clock) -> None:
    ledger = begin(tmp_path, clock)
    ledger.give("npo", 0, "a")
    ledger.give("ga", 0, "b")
    clock.now += 5
    ledger.hear("a")
    clock.now = 2000
    again = begin(tmp_path, clock, last_alive=1045.0)
    cut_off = Account(0, Use(40, 160, 80), 40)
    assert again.account("npo") == cut_off
    assert again.account("ga") == Account()
    again.give("npo", 0, "a")
    assert again.account("npo") == cut_off
    again.end("a", 50)
    assert again.account("npo") == Account(1, Use(90, 360, 180), 40)


def test_a_job_whose_result_was_there_when_its_run_was_killed_costs_its_own_time(
    tmp_path, clock
) -> None:
    ledger = begin(tmp_path, clock)
    ledger.give("npo", 0, "a")
    ledger.hear("a")
    clock.now += 100
    again = begin(tmp_path, clock, last_alive=1100.0)
    again.end("a", 30)
    assert again.account("npo") == Account(1, Use(30, 120, 60))
    again.end("a", 30)
    assert again.account("npo").num_ended == 1


def test_a_job_without_a_result_costs_the_time_since_it_was_heard_of(tmp_path, clock) -> None:
    ledger = begin(tmp_path, clock)
    ledger.give("npo", 0, "a")
    ledger.hear("a")
    clock.now += 8
    ledger.end("a", 0)
    assert ledger.account("npo").use.gang_s == pytest.approx(8)


def test_a_limit_that_is_used_up_is_named(tmp_path, clock) -> None:
    ledger = begin(tmp_path, clock, hours=1, method_cpu_hours=0.1)
    run(ledger, "a", gang_s=90)
    assert ledger.method_limit("npo") == "budget.method_cpu_hours (0.1)"
    assert ledger.method_limit("ga") is None
    assert ledger.limit is None
    clock.now += 3600
    assert ledger.limit == "budget.hours (1)"


def test_what_runs_is_expected_to_cost_what_its_like_did(tmp_path, clock) -> None:
    ledger = begin(tmp_path, clock, method_gpu_hours=79 / 3600)
    run(ledger, "a", gang_s=20)
    assert ledger.has_room("npo")
    ledger.give("npo", 1, "b")
    assert not ledger.has_room("npo")
    assert ledger.method_limit("npo") is None
    assert ledger.has_room("ga")
    ledger.end("b", 5)
    assert ledger.has_room("npo")


def test_a_job_that_was_taken_back_unheard_of_runs_no_more_and_costs_nothing(
    tmp_path, clock
) -> None:
    ledger = begin(tmp_path, clock)
    ledger.give("npo", 0, "a")
    ledger.give("npo", 1, "b")
    ledger.hear("b")
    for job in ("a", "b", "c"):
        ledger.withdraw(job)
    assert [job.job for job in ledger.running] == ["b"]
    clock.now += 5
    again = begin(tmp_path, clock)
    assert again.running == ()
    assert again.account("npo").num_ended == 0


def test_half_a_line_of_a_killed_process_is_left_out(tmp_path, clock) -> None:
    run(begin(tmp_path, clock), "a", gang_s=10)
    file = tmp_path / "ledger.jsonl"
    file.write_text(file.read_text() + '{"event":"end')
    assert begin(tmp_path, clock).account("npo").num_ended == 1
    assert begin(tmp_path, clock).account("npo").num_ended == 1


def test_a_ledger_that_cannot_be_read_names_the_file_and_the_cure(tmp_path, clock) -> None:
    (tmp_path / "ledger.jsonl").write_text("no ledger\n")
    with pytest.raises(ConfigError, match=r"ledger\.jsonl must be the ledger .* remove"):
        begin(tmp_path, clock)


@pytest.mark.parametrize("num_lines", range(9))
def test_a_run_killed_after_any_line_leaves_a_ledger_that_adds_up(
    tmp_path, clock, num_lines
) -> None:
    first = begin(tmp_path, clock)
    for number, job in enumerate(("a", "b")):
        clock.now += 1
        run(first, job, number=number, gang_s=10)
    first.close()
    file = tmp_path / "ledger.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    assert len(lines) == 8
    file.write_text("".join(lines[:num_lines]))
    clock.now += 100
    again = begin(tmp_path, clock)
    for number, job in enumerate(("a", "b")):
        again.end(job, 10)
        if again.account("npo").num_ended == number:
            run(again, job, number=number, gang_s=10)
    assert again.account("npo") == Account(2, Use(20, 80, 40))

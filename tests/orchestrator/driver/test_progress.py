from dataclasses import replace

import pytest

from orchestrator.config.gang import GangSettings
from orchestrator.driver.progress import Progress
from orchestrator.results.entry import Entry
from orchestrator.searching.constraints import Bound, violations
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import Result, State
from tests.fixtures.jobs import any_job
from trainers.job import Phase, Report

BOUNDS = (Bound("retain", "at_least", 0.68),)


def entry(label, number=None, *, retain=0.71, quality=-3.25, reason="", **more):
    """Returns an entry of `label`; `more` may hold moved, attempts, cached and params."""
    job = any_job(Phase.TRIAL if number is not None else Phase(label))
    result = Result(
        job=job,
        state=State.FAILED if reason else State.DONE,
        reason=reason,
        metrics={} if reason else {"retain": retain, "log_forget_quality": quality},
        facts={"moved": more.get("moved", 1.0), "attempts": more.get("attempts", 1.0)},
        wall_s=4.13,
        reports=(),
        started_at=0.0,
    )
    if number is None:
        return Entry(label, result)
    params = more.get("params", {"l1": 0.02, "lr": 3.14e-4})
    missed = None if reason else violations(BOUNDS, result.metrics)
    return Entry(label, result, number, params, missed, more.get("cached", False))


class Clock:
    """Says the time that it is set to."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def progress(lines, clock):
    trials = {"npo": 5, "retain_ft": 5}
    return Progress(
        lines.append, trials=trials, search=SearchSettings(), num_baselines=2, clock=clock
    )


def test_how_long_it_took_until_ranks_were_at_work_is_told_from_the_command_on(
    progress, lines, clock
):
    progress.under_way()
    assert lines == [], "nobody said when the command was given"
    progress.begin("demo", gang=GangSettings(ranks=1), num_gangs=2, begun=10.0)
    clock.now = 31.26
    progress.under_way()
    assert lines[1:] == ["First job under way after 21.3 s"]


def test_the_header_says_what_will_run(progress, lines):
    progress.begin("demo", gang=GangSettings(ranks=2), num_gangs=1)
    assert lines == [
        "Sweep demo: 12 jobs, 2 baselines and 5 trials for each of 2 methods; 1 gang of 2 ranks"
    ]


def test_the_header_says_if_methods_have_unequal_numbers_of_trials(lines):
    trials = {"ga": 4, "npo": 8}
    progress = Progress(lines.append, trials=trials, search=SearchSettings(), num_baselines=2)
    progress.begin("demo", gang=GangSettings(ranks=1), num_gangs=2)
    said = "Sweep demo: 14 jobs, 2 baselines and 4 to 8 trials for each of 2 methods; "
    assert lines == [said + "2 gangs of 1 rank"]


def test_a_line_says_what_was_tried_and_what_came_out(progress, lines):
    progress.on_entry(entry("npo", 0), bounds=BOUNDS)
    assert lines == [
        "[ 1/12]  npo        lr 3.1e-04  l1 2.0e-02  retain 0.710 (>= 0.680)  feasible    "
        "log FQ   -3.25  best   -3.25  4.1 s"
    ]


def test_a_baseline_has_no_bounds_and_no_best(progress, lines):
    progress.on_entry(entry("original", quality=-120.5), bounds=BOUNDS)
    assert lines == ["[ 1/12]  original   retain 0.710  log FQ -120.50  4.1 s"]


def test_a_baseline_tells_how_far_it_is_and_a_trial_does_not(progress, lines):
    report = Report(40, 200, {"loss": 1.23456})
    progress.on_report(entry("gold").result.job, report)
    progress.on_report(entry("npo", 0).result.job, report)
    assert lines == ["gold: step 40 of 200, loss 1.235"]


def test_an_infeasible_trial_is_never_the_best(progress, lines):
    progress.on_entry(entry("npo", 0, retain=0.2, quality=-0.1), bounds=BOUNDS)
    progress.on_entry(entry("npo", 1, quality=-9.0), bounds=BOUNDS)
    progress.on_entry(entry("npo", 2, quality=-20.0), bounds=BOUNDS)
    assert "(>= 0.680)  infeasible" in lines[0]
    assert "best    none" in lines[0]
    assert "best   -9.00" in lines[1]
    assert "best   -9.00" in lines[2]


def test_every_constrained_metric_is_shown_with_its_bounds(progress, lines):
    band = (*BOUNDS, Bound("retain", "at_most", 0.7), Bound("real", "at_least", 0.4))
    made = entry("npo", 0)
    made.result.metrics["real"] = 0.5
    progress.on_entry(replace(made, violations=violations(band, made.result.metrics)), bounds=band)
    said = "retain 0.710 (>= 0.680, <= 0.700)  real 0.500 (>= 0.400)  infeasible  log FQ"
    assert said in lines[0]


def test_without_bounds_only_the_objective_is_shown(progress, lines):
    progress.on_entry(replace(entry("npo", 0), violations={}), bounds=())
    assert "l1 2.0e-02  log FQ   -3.25  best   -3.25" in lines[0]


def test_each_method_has_its_own_best(progress, lines):
    progress.on_entry(entry("npo", 0, quality=-1.0), bounds=BOUNDS)
    progress.on_entry(entry("retain_ft", 0, quality=-50.0), bounds=BOUNDS)
    assert "best  -50.00" in lines[1]


def test_a_failure_carries_its_reason(progress, lines):
    progress.on_entry(entry("npo", 0, reason="the loss is nan at step 7"), bounds=BOUNDS)
    assert "FAILED: the loss is nan at step 7  4.1 s" in lines[0]


def test_a_result_from_storage_says_so(progress, lines):
    progress.on_entry(entry("npo", 0, cached=True), bounds=BOUNDS)
    assert lines[0].endswith("found in storage")


def test_a_model_that_did_not_move_is_told(progress, lines):
    progress.on_entry(entry("npo", 0, moved=0.0), bounds=BOUNDS)
    assert "did not move" in lines[0]


def test_a_trial_that_was_not_done_at_once_says_so(progress, lines):
    progress.on_entry(entry("npo", 0, attempts=3.0), bounds=BOUNDS)
    assert lines[-1].endswith("4.1 s in 3 attempts")


def test_other_hyperparameters_follow_learning_rate_and_l1(progress, lines):
    progress.on_entry(entry("npo", 0, params={"beta": 0.1, "layer": 3, "lr": 1e-5}), bounds=BOUNDS)
    assert "lr 1.0e-05  beta 1.0e-01  layer 3  retain" in lines[0]


def test_the_time_left_follows_from_the_pace_of_trials_that_really_ran(progress, lines, clock):
    progress.on_entry(entry("original"), bounds=BOUNDS)
    clock.now = 500.0
    progress.on_entry(entry("npo", 0, cached=True), bounds=BOUNDS)
    for number in (1, 2, 3):
        clock.now += 30.0
        progress.on_entry(entry("npo", number), bounds=BOUNDS)
    assert "left" not in lines[2]
    # Two intervals of 30 s: 7 of 12 jobs are left at 30 s each.
    assert lines[4].endswith("about 4 min left")


def test_the_last_line_promises_nothing(progress, lines, clock):
    for number in range(12):
        clock.now += 2.0
        progress.on_entry(entry("npo", number), bounds=BOUNDS)
    assert lines[10].endswith("about 2 s left")
    assert "left" not in lines[11]


def test_every_baseline_counts(lines):
    progress = Progress(lines.append, trials={"npo": 5}, search=SearchSettings(), num_baselines=1)
    progress.begin("demo", gang=GangSettings(ranks=1), num_gangs=1)
    assert lines[0].startswith("Sweep demo: 6 jobs, 1 baseline and 5 trials for each of 1 method;")


def test_a_finalists_run_is_held_against_no_bound_and_says_its_seed(lines):
    progress = Progress(
        lines.append, trials={"npo": 5}, search=SearchSettings(), num_baselines=2, num_finals=3
    )
    final = replace(entry("npo", 4), final=True)
    progress.on_entry(final, bounds=BOUNDS)
    progress.on_entry(replace(final, cached=True), bounds=BOUNDS)
    assert lines == [
        "[ 1/10]  npo       final  seed 0  log FQ   -3.25  4.1 s",
        "[ 2/10]  npo       final  seed 0  log FQ   -3.25  found in storage",
    ]


def test_of_several_objectives_what_is_dominated_so_far_is_told(lines):
    search = SearchSettings(objective=("log_forget_quality", "retain"))
    progress = Progress(lines.append, trials={"npo": 5}, search=search, num_baselines=2)
    progress.on_entry(entry("original", quality=-10.0), bounds=BOUNDS)
    for number, (retain, quality) in enumerate([(0.1, -1.0), (0.78, -5.0), (0.73, -2.0)]):
        progress.on_entry(entry("npo", number, retain=retain, quality=quality), bounds=BOUNDS)
    assert "hypervolume none" in lines[1]
    # 5 x 0.1 above -10 and 0.68, and then 3 x 0.05 more.
    assert "hypervolume 0.5" in lines[2]
    assert "hypervolume 0.65" in lines[3]

import pytest

from evals.choice import Choice
from evals.settings import EvaluationSettings
from orchestrator.config import GangSettings, SearchSettings
from orchestrator.entry import Entry
from orchestrator.progress import Progress
from orchestrator.records import Result, State
from trainers.job import Job, Phase, Report
from trainers.settings import EngineSettings, TrainingSettings

FLOOR = 0.68


def entry(label, number=None, *, retain=0.71, quality=-3.25, reason="", **more):
    """Returns an entry of `label`; `more` may hold moved, attempts, cached and params."""
    job = Job(
        phase=Phase.TRIAL if number is not None else Phase(label),
        benchmark=Choice(name="any"),
        model=Choice(name="any"),
        training=TrainingSettings(),
        adapter=None,
        engine=EngineSettings(),
        evaluation=EvaluationSettings(),
        seed=0,
        data="",
        weights="",
        version="1",
    )
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
    violation = None if reason else FLOOR - retain
    return Entry(label, result, number, params, violation, more.get("cached", False))


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
    search = SearchSettings(trials=5)
    return Progress(lines.append, labels=("npo", "retain_ft"), search=search, clock=clock)


def test_the_header_says_what_will_run(progress, lines):
    progress.begin("demo", gang=GangSettings(ranks=2), num_gangs=1)
    assert lines == [
        "Sweep demo: 12 jobs, 2 baselines and 5 trials for each of 2 methods; 1 gang of 2 ranks"
    ]


def test_a_line_says_what_was_tried_and_what_came_out(progress, lines):
    progress.entry(entry("npo", 0))
    assert lines == [
        "[ 1/12]  npo        lr 3.1e-04  l1 2.0e-02  retain 0.710 (floor 0.680) ok     "
        "log FQ   -3.25  best   -3.25  4.1 s"
    ]


def test_a_baseline_has_no_floor_and_no_best(progress, lines):
    progress.entry(entry("original", quality=-120.5))
    assert lines == ["[ 1/12]  original   retain 0.710  log FQ -120.50  4.1 s"]


def test_a_baseline_tells_how_far_it_is_and_a_trial_does_not(progress, lines):
    report = Report(40, 200, {"loss": 1.23456})
    progress.report(entry("gold").result.job, report)
    progress.report(entry("npo", 0).result.job, report)
    assert lines == ["gold: step 40 of 200, loss 1.235"]


def test_a_trial_below_the_floor_is_never_the_best(progress, lines):
    progress.entry(entry("npo", 0, retain=0.2, quality=-0.1))
    progress.entry(entry("npo", 1, quality=-9.0))
    progress.entry(entry("npo", 2, quality=-20.0))
    assert "(floor 0.680) below" in lines[0]
    assert "best    none" in lines[0]
    assert "best   -9.00" in lines[1]
    assert "best   -9.00" in lines[2]


def test_each_method_has_its_own_best(progress, lines):
    progress.entry(entry("npo", 0, quality=-1.0))
    progress.entry(entry("retain_ft", 0, quality=-50.0))
    assert "best  -50.00" in lines[1]


def test_a_failure_carries_its_reason(progress, lines):
    progress.entry(entry("npo", 0, reason="the loss is nan at step 7"))
    assert "FAILED: the loss is nan at step 7  4.1 s" in lines[0]


def test_a_result_from_storage_says_so(progress, lines):
    progress.entry(entry("npo", 0, cached=True))
    assert lines[0].endswith("found in storage")


def test_a_model_that_did_not_move_is_told(progress, lines):
    progress.entry(entry("npo", 0, moved=0.0))
    assert "did not move" in lines[0]


def test_a_trial_that_was_not_done_at_once_says_so(progress, lines):
    progress.entry(entry("npo", 0, attempts=3.0))
    assert lines[-1].endswith("4.1 s in 3 attempts")


def test_other_hyperparameters_follow_learning_rate_and_l1(progress, lines):
    progress.entry(entry("npo", 0, params={"beta": 0.1, "layer": 3, "lr": 1e-5}))
    assert "lr 1.0e-05  beta 1.0e-01  layer 3  retain" in lines[0]


def test_the_time_left_follows_from_the_pace_of_trials_that_really_ran(progress, lines, clock):
    progress.entry(entry("original"))
    clock.now = 500.0
    progress.entry(entry("npo", 0, cached=True))
    for number in (1, 2, 3):
        clock.now += 30.0
        progress.entry(entry("npo", number))
    assert "left" not in lines[2]
    # Two intervals of 30 s: 7 of 12 jobs are left at 30 s each.
    assert lines[4].endswith("about 4 min left")


def test_the_last_line_promises_nothing(progress, lines, clock):
    for number in range(12):
        clock.now += 2.0
        progress.entry(entry("npo", number))
    assert lines[10].endswith("about 2 s left")
    assert "left" not in lines[11]

import csv
import io
from dataclasses import replace

import pytest

from evals.choice import Choice
from evals.settings import EvaluationSettings
from orchestrator.constraints import Bound, violations
from orchestrator.entry import Entry
from orchestrator.reporting.layout import csv_text, markdown_text, save, terminal_text
from orchestrator.reporting.tables import (
    best_feasible,
    method_table,
    nearest,
    pareto_table,
    trials_table,
)
from orchestrator.result import Result, State
from orchestrator.searching.settings import Constraint, SearchSettings
from trainers.job import Job, Phase, Report
from trainers.settings import EngineSettings, TrainingSettings

BOUNDS = (Bound("retain", "at_least", 0.7, "0.9 x the original's"),)
SEARCH = SearchSettings()


def result(phase, *, lr=1e-4, l1=0.0, metrics=None, reason="", facts=None):
    plain = Choice(name="any")
    job = Job(
        phase=phase,
        benchmark=plain,
        model=plain,
        training=TrainingSettings(lr=lr, l1=l1),
        adapter=None,
        engine=EngineSettings(),
        evaluation=EvaluationSettings(),
        seed=0,
        data="data",
        weights="weights",
        version="1",
    )
    return Result(
        job=job,
        state=State.FAILED if reason else State.DONE,
        reason=reason,
        metrics=metrics or {},
        facts=facts or {"moved": 1.0},
        wall_s=4.125,
        reports=(),
        started_at=1.7e9,
    )


def measured(real, retain, forget, quality):
    return {"real": real, "retain": retain, "forget": forget, "log_forget_quality": quality}


def trial(label, number, *, lr, retain, quality, further=None, facts=None):
    metrics = measured(0.45, retain, 0.3, quality)
    done = result(Phase.TRIAL, lr=lr, l1=2e-3, metrics=metrics, facts=facts)
    params = {"lr": lr, "l1": 2e-3, **(further or {})}
    return Entry(label, done, number, params, violations(BOUNDS, metrics))


def failed(label, number, reason):
    return Entry(label, result(Phase.TRIAL, lr=9e-4, reason=reason), number, {"lr": 9e-4, "l1": 0})


def baseline(phase, metrics):
    return Entry(str(phase), result(phase, metrics=metrics))


ENTRIES = [
    baseline(Phase.GOLD, measured(0.48, 0.79, 0.24, 0.0)),
    baseline(Phase.ORIGINAL, measured(0.47, 0.78, 0.97, -61.218)),
    trial("npo", 0, lr=1e-5, retain=0.76, quality=-40.0, further={"beta": 0.125}),
    trial("npo", 1, lr=3.14159e-4, retain=0.71, quality=-3.25, further={"beta": 0.25}),
    trial("npo", 2, lr=9e-4, retain=0.11, quality=-0.5, further={"beta": 0.5}),
    failed("npo", 3, "the loss is nan at step 7"),
    trial("ga", 0, lr=8e-4, retain=0.02, quality=-200.0),
    trial("ga", 1, lr=1e-5, retain=0.65, quality=-30.0, facts={"moved": 0.0}),
    failed("rmu", 0, "rank 1 was lost"),
]


def table(entries=ENTRIES):
    return method_table(entries, labels=["ga", "npo", "rmu"], search=SEARCH, bounds=BOUNDS)


def by_method(made):
    headings = [column.heading for column in made.columns]
    return {row[0]: dict(zip(headings, row, strict=True)) for row in made.rows}


def test_the_rows_are_original_gold_and_the_methods_in_the_order_asked_for():
    assert [row[0] for row in table().rows] == ["Original", "Gold", "ga", "npo", "rmu"]


def test_the_headings_are_clears():
    headings = [column.heading for column in table().columns]
    expected = ["Method", "lr", "L1", "Real", "Retain", "Forget", "Log Forget Quality", "Feasible"]
    assert headings[:8] == expected


def test_a_methods_row_is_its_best_feasible_trial_not_its_best_trial():
    row = by_method(table())["npo"]
    assert (row["lr"], row["Log Forget Quality"], row["Feasible"]) == (3.14159e-4, -3.25, "yes")
    assert row["beta"] == 0.25


def test_a_method_without_a_feasible_trial_shows_its_least_violating_one_and_says_so():
    row = by_method(table())["ga"]
    assert (row["lr"], row["Retain"], row["Feasible"]) == (1e-5, 0.65, "no")
    assert "none feasible, retain 0.05 below its floor" in row["Note"]


def test_a_model_that_did_not_move_is_marked():
    assert "did not move" in by_method(table())["ga"]["Note"]
    assert by_method(table())["npo"]["Note"] == ""


def test_failed_trials_are_counted_and_never_ranked():
    rows = by_method(table())
    assert (rows["npo"]["Done"], rows["npo"]["Failed"]) == (3, 1)
    assert (rows["rmu"]["Done"], rows["rmu"]["Failed"]) == (0, 1)
    assert rows["rmu"]["Note"] == "nothing measured: rank 1 was lost"
    assert rows["rmu"]["Retain"] is None


def test_a_method_whose_trials_have_not_ended_yet_has_a_row():
    rows = by_method(method_table([], labels=["npo"], search=SEARCH, bounds=BOUNDS))
    assert rows["npo"]["Note"] == "nothing measured: no trial ended"


CEILING = Bound("forget", "at_most", 0.2)


def test_every_bound_that_is_missed_is_told_and_every_bound_is_in_the_notes():
    bounds = (*BOUNDS, CEILING)
    metrics = measured(0.45, 0.65, 0.3, -30.0)
    done = result(Phase.TRIAL, metrics=metrics)
    entries = [Entry("ga", done, 0, {"lr": 1e-4}, violations(bounds, metrics))]
    made = method_table(entries, labels=["ga"], search=SEARCH, bounds=bounds)
    said = "none feasible, retain 0.05 below its floor and forget 0.1 above its ceiling"
    assert by_method(made)["ga"]["Note"] == said
    assert made.notes[0].startswith(
        "Feasible: retain >= 0.7 (0.9 x the original's) and forget <= 0.2. "
    )


def test_the_trial_nearest_to_feasible_misses_by_the_smallest_share_of_a_bound():
    bounds = (*BOUNDS, CEILING)
    # 0.1 of 0.7 is a seventh; 0.05 of 0.2 is a quarter.
    metrics = [measured(0.4, 0.6, 0.1, -9.0), measured(0.4, 0.8, 0.25, -9.0)]
    entries = [
        Entry("ga", result(Phase.TRIAL, metrics=m), i, {}, violations(bounds, m))
        for i, m in enumerate(metrics)
    ]
    assert nearest(entries[::-1], bounds) is entries[0]
    assert nearest([failed("ga", 2, "lost")], bounds) is None


def test_a_sweep_without_constraints_ranks_by_the_objective_alone():
    search = SearchSettings(constraints={})
    free = [replace(e, violations={} if e.violations else e.violations) for e in ENTRIES]
    made = method_table(free, labels=["npo"], search=search, bounds=())
    row = by_method(made)["npo"]
    assert (row["Log Forget Quality"], row["Feasible"], row["Note"]) == (-0.5, "yes", "")
    assert made.notes[0].startswith("Nothing is constrained.")


def test_the_original_is_feasible_by_the_same_floor():
    assert by_method(table())["Original"]["Feasible"] == "yes"


def test_where_less_is_better_the_smallest_feasible_objective_wins():
    low = trial("npo", 0, lr=1e-5, retain=0.8, quality=-1.0)
    high = trial("npo", 1, lr=1e-4, retain=0.8, quality=-1.0)
    low.result.metrics["forget"] = 0.1
    high.result.metrics["forget"] = 0.9
    assert best_feasible([high, low], SearchSettings(objective="forget")) is low


def test_csv_keeps_every_digit():
    rows = list(csv.DictReader(io.StringIO(csv_text(table()))))
    npo = next(row for row in rows if row["Method"] == "npo")
    assert float(npo["lr"]) == 3.14159e-4
    assert npo["Note"] == ""


def test_markdown_is_aligned_and_rounded():
    lines = markdown_text(table()).splitlines()[:7]
    assert len({len(line) for line in lines}) == 1
    assert "| 3.14e-04 |" in lines[5]
    assert "-3.25 |" in lines[5]
    assert "3.14159" not in "".join(lines)


def test_a_bar_in_a_reason_does_not_break_the_markdown():
    broken = [failed("rmu", 0, "a | b")]
    made = method_table(broken, labels=["rmu"], search=SEARCH, bounds=BOUNDS)
    assert "a \\| b" in markdown_text(made)


def test_the_notes_say_what_feasible_means():
    assert "retain >= 0.7 (0.9 x the original's)" in terminal_text(table())


def test_nan_stays_nan():
    odd = trial("npo", 0, lr=1e-5, retain=0.8, quality=-1.0)
    odd.result.metrics["forget"] = float("nan")
    made = method_table([odd], labels=["npo"], search=SEARCH, bounds=BOUNDS)
    assert "nan" in csv_text(made)
    assert "nan" in terminal_text(made)


def test_the_pareto_table_holds_what_nothing_beats_in_both():
    made = pareto_table(ENTRIES, search=SEARCH)
    assert [(row[0], row[1]) for row in made.rows] == [("npo", 0), ("npo", 1), ("npo", 2)]


def test_under_a_ceiling_less_is_better_in_the_pareto_table_too():
    search = SearchSettings(constraints={"forget": Constraint(at_most=0.5)})
    pair = [trial("npo", i, lr=1e-5, retain=0.8, quality=-1.0) for i in range(2)]
    pair[0].result.metrics["forget"] = 0.4
    made = pareto_table(pair, search=search)
    assert [row[1] for row in made.rows] == [1]


def test_every_trial_is_listed_with_its_state_and_reason():
    made = trials_table(ENTRIES)
    headings = [column.heading for column in made.columns]
    rows = [dict(zip(headings, row, strict=True)) for row in made.rows]
    assert [(row["Method"], row["Trial"]) for row in rows] == [
        ("ga", 0),
        ("ga", 1),
        ("npo", 0),
        ("npo", 1),
        ("npo", 2),
        ("npo", 3),
        ("rmu", 0),
    ]
    assert (rows[5]["State"], rows[5]["Reason"]) == ("failed", "the loss is nan at step 7")
    assert rows[5]["Feasible"] == "no"
    assert len(rows[0]["Job"]) == 16
    assert rows[0]["Seconds"] == 4.125


@pytest.mark.parametrize("made", [table(), pareto_table(ENTRIES, search=SEARCH)])
def test_a_saved_table_is_found_as_csv_and_markdown(made, tmp_path):
    paths = save(made, tmp_path, "table")
    assert [path.name for path in paths] == ["table.csv", "table.md"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.csv", "table.md"]
    assert paths[0].read_text(encoding="utf-8") == csv_text(made)


def stopped(label, number, *, retain, step, num_steps=100):
    made = trial(label, number, lr=1e-3, retain=retain, quality=-1.0)
    reports = (Report(step, num_steps, {"loss": 1.0}),)
    why = f"stopped at step {step} of {num_steps}: retain is lost"
    return replace(made, result=replace(made.result, stopped=why, reports=reports))


def ended(label, number, *, step, reason=""):
    made = (
        failed(label, number, reason)
        if reason
        else trial(label, number, lr=1e-4, retain=0.2, quality=-9.0)
    )
    reports = (Report(step, 100, {"loss": 1.0}),)
    return replace(made, result=replace(made.result, reports=reports))


def test_stopped_trials_are_counted_apart_and_only_they_have_saved_anything():
    entries = [
        stopped("ga", 0, retain=0.1, step=20),
        stopped("ga", 1, retain=0.1, step=40),
        ended("ga", 2, step=100),
        ended("ga", 3, step=1, reason="the loss became nan"),
    ]
    made = table(entries)
    row = by_method(made)["ga"]
    assert (row["Done"], row["Stopped"], row["Failed"]) == (1, 2, 1)
    assert made.notes[1] == (
        "Stopped early, as they were sure to miss a bound: 2 of 4 trials, which saved 35% of all "
        "training steps."
    )
    assert len(table(entries[2:]).notes) == 1


def test_a_half_trained_model_stands_for_its_method_only_where_there_is_no_other():
    early, whole = stopped("ga", 0, retain=0.65, step=20), ended("ga", 1, step=100)
    assert nearest([early, whole], BOUNDS) is whole
    assert nearest([early], BOUNDS) is early
    note = by_method(table([early]))["ga"]["Note"]
    assert note == "none feasible, retain 0.05 below its floor; stopped at step 20 of 100"
    front = pareto_table([early, whole], search=SEARCH)
    assert [row[1] for row in front.rows] == [1], "nor is it on the front"

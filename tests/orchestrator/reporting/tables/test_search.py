import math
from dataclasses import replace

from orchestrator.reporting.formats.csv_text import csv_text
from orchestrator.reporting.formats.paper import apart
from orchestrator.reporting.formats.terminal_text import terminal_text
from orchestrator.reporting.tables.search import search_table
from orchestrator.results.chance import Chance
from orchestrator.results.entry import Entry
from orchestrator.searching.constraints import Bound, violations
from trainers.job import Phase, Report

METHODS = ("ga", "npo", "rmu")
CEILING = Bound("forget", "at_most", 0.2)


def test_the_rows_are_original_gold_and_the_methods_in_the_order_asked_for(fakes):
    table = search_table(fakes.record(), METHODS)
    assert [row[0] for row in table.rows] == ["Original", "Gold", "ga", "npo", "rmu"]
    assert table.num_heads == 2
    some = search_table(fakes.record(), ("rmu", "ga"))
    assert [row[0] for row in some.rows] == ["Original", "Gold", "rmu", "ga"]


def test_the_headings_are_clears(fakes):
    headings = [column.heading for column in search_table(fakes.record(), METHODS).columns]
    expected = ["Method", "lr", "L1", "Real", "Retain", "Forget", "Log Forget Quality", "Feasible"]
    assert headings[:8] == expected


def test_a_methods_row_is_its_best_feasible_trial_not_its_best_trial(fakes):
    row = fakes.rows(search_table(fakes.record(), METHODS))["npo"]
    assert (row["lr"], row["Log Forget Quality"], row["Feasible"]) == (3.14159e-4, -3.25, True)
    assert row["beta"] == 0.25


def test_a_method_without_a_feasible_trial_shows_its_least_violating_one_and_says_so(fakes):
    table = search_table(fakes.record(), METHODS)
    row = fakes.rows(table)["ga"]
    assert (row["lr"], row["Retain"], row["Feasible"]) == (1e-5, 0.65, False)
    assert "none feasible, retain 0.05 below its floor" in row["Note"]
    assert table.muted == {2, 4}, "GA and RMU do not count"


def test_a_model_that_did_not_move_is_marked(fakes):
    rows = fakes.rows(search_table(fakes.record(), METHODS))
    assert "did not move" in rows["ga"]["Note"]
    assert rows["npo"]["Note"] == ""
    assert (rows["ga"]["Moved"], rows["npo"]["Moved"]) == (False, True)


def test_a_trial_that_forgot_nothing_beyond_chance_is_daggered_and_the_rule_told(fakes):
    idle = replace(fakes.trial("ga", 0, quality=-45.0), forgot=False)
    better = replace(fakes.trial("npo", 0, quality=-3.0), forgot=True)
    record = fakes.record([*fakes.baselines(), idle, better], chance=Chance(-41.5))
    table = search_table(record, METHODS)
    rows = fakes.rows(table)
    assert [rows[label]["Forgot"] for label in METHODS] == [False, True, None]
    assert rows["ga"]["Note"] == "no better than Original"
    assert table.daggered == {2}
    assert table.notes[-1] == (
        "\u2020 forgot nothing beyond chance: the model did not move, or is no better in "
        "log_forget_quality than -41.50, the better end of the 95 % interval of Original's over "
        "the items that the search sees."
    )
    assert not search_table(fakes.record([*fakes.baselines(), better]), METHODS).daggered


def test_metrics_that_say_nothing_of_any_method_are_named_below(fakes):
    blind = Chance(0.0, {"log_forget_quality": "with 2 forget items the smallest p-value is 0.33"})
    table = search_table(fakes.record(chance=blind), METHODS)
    said = "Log Forget Quality says nothing of any method: with 2 forget items"
    assert any(note.startswith(said) for note in table.notes)
    assert said in terminal_text(table)


def test_failed_trials_are_counted_and_never_ranked(fakes):
    rows = fakes.rows(search_table(fakes.record(), METHODS))
    assert (rows["npo"]["Done"], rows["npo"]["Failed"]) == (3, 1)
    assert (rows["rmu"]["Done"], rows["rmu"]["Failed"]) == (0, 1)
    assert rows["rmu"]["Note"] == "nothing measured: rank 1 was lost"
    assert rows["rmu"]["Retain"] is None


def test_a_method_whose_trials_have_not_ended_yet_has_a_row(fakes):
    rows = fakes.rows(search_table(fakes.record(fakes.baselines()), ["npo"]))
    assert rows["npo"]["Note"] == "nothing measured: no trial ended"
    assert list(rows) == ["Original", "Gold", "npo"]


def test_every_bound_that_is_missed_is_told_and_every_bound_is_in_the_notes(fakes):
    bounds = (*fakes.bounds, CEILING)
    both = fakes.trial("ga", 0, retain=0.65, forget=0.3, bounds=bounds)
    table = search_table(fakes.record([*fakes.baselines(), both], bounds=bounds), ["ga"])
    note = fakes.rows(table)["ga"]["Note"]
    assert note == ("none feasible, retain 0.05 below its floor and forget 0.1 above its ceiling")
    assert table.notes[0].startswith(
        "Feasible: retain >= 0.7 (0.9 x the original's) and forget <= 0.2. "
    )


def test_a_sweep_without_constraints_ranks_by_the_objective_alone(fakes):
    free = [replace(e, violations={} if e.violations else e.violations) for e in fakes.entries()]
    table = search_table(fakes.record(free, bounds=()), ["npo"])
    row = fakes.rows(table)["npo"]
    assert (row["Log Forget Quality"], row["Feasible"], row["Note"]) == (-0.5, True, "")
    assert table.notes[0].startswith("Nothing is constrained.")


def test_the_original_is_feasible_by_the_same_floor(fakes):
    assert fakes.rows(search_table(fakes.record(), METHODS))["Original"]["Feasible"] is True


def test_each_row_carries_the_command_that_repeats_its_job(fakes):
    rows = fakes.rows(search_table(fakes.record(), METHODS))
    command = f"python -m orchestrator.repeat {rows['npo']['Job']} --storage /storage/lethe"
    assert rows["npo"]["Repeat"] == command
    assert rows["Gold"]["Job"] in rows["Gold"]["Repeat"]
    assert rows["rmu"]["Repeat"] is None, "nothing was measured"


def test_what_is_missing_and_unequal_budgets_are_told_below(fakes):
    table = search_table(fakes.record(gaps=("Trials that are not done yet: ga 2 of 4.",)), METHODS)
    assert "Trials that are not done yet: ga 2 of 4." in table.notes
    assert any(note.startswith("UNEQUAL BUDGETS, in trials: ga 2, npo 4") for note in table.notes)


def test_nan_stays_nan(fakes):
    odd = fakes.trial("npo", 0, forget=math.nan)
    table = search_table(fakes.record([*fakes.baselines(), odd]), ["npo"])
    assert "nan" in csv_text(table)
    assert "nan" in terminal_text(table)


def ended(fakes, label, number, *, step, reason=""):
    made = fakes.failed(label, number, reason) if reason else fakes.trial(label, number, retain=0.2)
    reports = (Report(step, 100, {"loss": 1.0}),)
    return replace(made, result=replace(made.result, reports=reports))


def test_stopped_trials_are_counted_apart_and_only_they_have_saved_anything(fakes):
    entries = [
        *fakes.baselines(),
        ended(fakes, "ga", 2, step=100),
        ended(fakes, "ga", 3, step=1, reason="the loss became nan"),
        fakes.stopped("ga", 0, retain=0.1, step=20),
        fakes.stopped("ga", 1, retain=0.1, step=40),
    ]
    table = search_table(fakes.record(entries), ["ga"])
    row = fakes.rows(table)["ga"]
    assert (row["Done"], row["Stopped"], row["Failed"]) == (1, 2, 1)
    saved = (
        "Stopped early, as they were sure to miss a bound: 2 of 4 trials, which saved 35% of all "
        "training steps."
    )
    assert saved in table.notes
    without = search_table(fakes.record(entries[:4]), ["ga"])
    assert not any(note.startswith("Stopped early") for note in without.notes)


def test_a_half_trained_model_that_stands_for_its_method_says_so(fakes):
    early = fakes.stopped("ga", 0, retain=0.65, step=20)
    rows = fakes.rows(search_table(fakes.record([*fakes.baselines(), early]), ["ga"]))
    expected = "none feasible, retain 0.05 below its floor; stopped at step 20 of 100"
    assert rows["ga"]["Note"] == expected


def test_metrics_beside_clears_have_columns_of_their_own_that_say_what_they_are(fakes):
    entry = fakes.trial("ga", 0)
    metrics = {**entry.result.metrics, "retain_probability": 0.5}
    more = Entry("ga", replace(entry.result, metrics=metrics), 0, entry.params, entry.violations)
    table = search_table(fakes.record([*fakes.baselines(), more]), ["ga"])
    column = next(c for c in table.columns if c.heading == "retain_probability")
    assert "true answers on the retain task" in column.note
    assert fakes.rows(table)["ga"]["retain_probability"] == 0.5
    retain = next(c for c in table.columns if c.heading == "Retain")
    assert "without ROUGE" in retain.note


def test_a_baseline_without_a_finite_constrained_metric_keeps_no_bound(fakes):
    metrics = fakes.metrics(math.nan, -1.0)
    gold = fakes.baseline(Phase.GOLD, metrics)
    rows = fakes.rows(search_table(fakes.record([gold]), []))
    assert rows["Gold"]["Feasible"] is False
    assert violations((), metrics) == {}


def test_the_caption_says_where_a_row_is_not_of_a_feasible_trial(fakes):
    best = "Each method's best feasible trial"
    assert search_table(fakes.record(), ["npo"]).title == f"{best} of the sweep made"
    near = f"{best}, or the one nearest to that, of the sweep made"
    assert search_table(fakes.record(), ["npo", "ga"]).title == near
    free = [replace(e, violations={} if e.violations else e.violations) for e in fakes.entries()]
    made = search_table(fakes.record(free, bounds=()), ["npo", "rmu"])
    assert made.title == "Each method's best trial of the sweep made"


def test_what_a_trial_was_run_with_stands_apart_on_paper(fakes):
    second = apart(search_table(fakes.record(), METHODS))
    assert second is not None
    headings = [column.heading for column in second.columns]
    about = ["Feasible", "Moved"]
    assert headings == ["Method", "lr", "L1", *about, "beta", "Done", "Stopped", "Failed"]
    assert "rmu: nothing measured: rank 1 was lost." in second.notes

import json
from dataclasses import replace
from pathlib import Path

from orchestrator.results.entry import Entry
from orchestrator.tracking.run_note import MAX_NOTE, job_note, sweep_note, with_table
from trainers.job import Phase


def test_the_note_of_a_trial_says_what_was_set_what_came_out_and_how_to_repeat_it(entry):
    made = entry(3)
    assert job_note(made, Path("runs")) == (
        "Trial 3 of npo_l1 (method npo) with lr 0.0001, l1 0.002, beta 0.1 on characters with "
        "seed 7. It measured retain 0.72, log_forget_quality -3, which keeps every constraint, in "
        f"8.0 s. To repeat it: `python -m orchestrator.repeat {made.result.job.hash} "
        "--storage runs`."
    )


def test_the_note_of_a_failed_trial_says_why(entry):
    assert "It failed after 8.0 s: the loss is nan." in job_note(
        entry(reason="the loss is nan"), Path("runs")
    )


def test_the_note_of_a_stopped_trial_says_so(entry):
    made = entry(retain=0.2)
    made = replace(made, result=replace(made.result, stopped="retain is lost", guard="g"))
    assert "It was stopped early (retain is lost) and measured retain 0.2" in job_note(
        made, Path("runs")
    )
    assert "which is not feasible" in job_note(made, Path("runs"))


def test_the_note_of_a_baseline_says_what_it_is_for(entry):
    result = entry().result
    gold = replace(result, job=result.job.model_copy(update={"phase": Phase.GOLD}))
    assert job_note(Entry("gold", gold), Path("runs")).startswith(
        "The gold model (tiny_llama), which never saw"
    )


def test_the_note_of_a_sweep_says_what_is_searched_under_what_and_how_to_go_on(config_json):
    config = json.loads(config_json)
    note = sweep_note(config, Path("runs/sweeps/demo"))
    assert "best log_forget_quality under retain >= 0.9 x the original's, with 7 trials" in note
    assert "`python -m orchestrator.sweep --resume runs/sweeps/demo`" in note
    band = {"at_least": 0.0, "at_most": 0.5, "relative_to": "absolute"}
    config["search"]["constraints"] = {"forget": band}
    assert "under forget >= 0 and forget <= 0.5, with" in sweep_note(config, Path("x"))
    config["search"]["constraints"] = {}
    assert "best log_forget_quality, with" in sweep_note(config, Path("x"))


def test_a_table_stands_above_the_note_with_what_is_said_below_it_if_that_fits():
    table = "| Method |\n| --- |\n| rmu |\n\nRetain >= 0.9\n"
    assert with_table("Said.", table) == f"{table.strip()}\n\nSaid."
    much = f"{table}{'x' * MAX_NOTE}"
    assert with_table("Said.", much) == "| Method |\n| --- |\n| rmu |\n\nSaid."
    assert with_table("Said.", "x" * MAX_NOTE) == "Said."


def test_the_note_of_a_finalist_says_that_it_is_one(entry):
    note = job_note(replace(entry(3), final=True), Path("runs"))
    assert note.startswith("Trial 3 of npo_l1 (method npo), a finalist, trained again with lr")

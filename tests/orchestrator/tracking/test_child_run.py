from dataclasses import replace

from orchestrator.results.entry import Entry
from orchestrator.tracking.child_run import (
    MAX_RUN_NAME,
    child_run,
    job_tags,
    live_points,
    run_name,
)
from trainers.job import Phase, Report


def test_recording_follows_from_the_entry_alone(entry):
    assert repr(child_run(entry())) == repr(child_run(entry()))


def test_infinities_are_left_out_of_the_record_as_stores_would_clip_them(entry):
    made = entry()
    result = replace(made.result, metrics={"retain": 0.7, "log_forget_quality": float("-inf")})
    names = {point.name for point in child_run(replace(made, result=result)).points}
    assert "retain" in names
    assert "log_forget_quality" not in names
    assert live_points(Report(1, 2, {"loss": float("inf"), "lr": 0.1}), 5)[0].name == "train/lr"


def test_a_finalist_is_one_and_says_which_trial_it_repeats(entry):
    made = child_run(replace(entry(3), final=True, violations=None))
    assert made.name == "npo_l1 lr 1e-4 l1 2e-3 beta 0.1 seed 7"
    assert (made.tags["phase"], made.tags["trial"]) == ("final", "3")
    assert not {"feasible", "on_front"} & made.tags.keys()


def test_a_run_is_called_by_its_method_and_setting_and_a_baseline_by_what_it_is(entry):
    job = entry(lr=3.76e-3).result.job
    assert run_name(job, "rmu", {"lr": 3.76e-3}) == "rmu lr 3.8e-3 l1 2e-3"
    searched = {"alpha": 12.345, "layer": 2, "retain_term": "kl"}
    dense = job.model_copy(update={"training": job.training.model_copy(update={"l1": 0.0})})
    assert run_name(dense, "rmu", searched) == "rmu lr 3.8e-3 alpha 12.3 layer 2 retain_term kl"
    assert run_name(job.model_copy(update={"method": None}), "original", {}) == "original"


def test_a_name_that_stores_would_not_take_is_cut_before_the_seed(entry):
    made = entry(3)
    long = replace(made, final=True, params={"target": "q_proj" * 60}, violations=None)
    name = child_run(long).name
    assert len(name) == MAX_RUN_NAME
    assert name.endswith("… seed 7")
    assert len(run_name(made.result.job, "a" * 300, {})) == MAX_RUN_NAME


def test_a_baseline_is_neither_feasible_nor_on_a_front(entry):
    result = entry().result
    original = replace(result, job=result.job.model_copy(update={"phase": Phase.ORIGINAL}))
    tags = child_run(Entry("original", original)).tags
    assert tags["phase"] == "original"
    assert not {"feasible", "on_front", "trial"} & tags.keys()


def test_a_trial_that_was_stopped_early_says_so_and_why(entry):
    made = entry()
    stopped = replace(made, result=replace(made.result, stopped="retain is lost", guard="g"))
    tags = child_run(stopped).tags
    assert (tags["status"], tags["stopped"], tags["reason"]) == (
        "stopped",
        "true",
        "retain is lost",
    )


def test_a_running_job_has_the_tags_that_do_not_depend_on_its_end(entry):
    made = entry()
    early, late = job_tags(made.result.job), child_run(made).tags
    assert early["status"] == "running"
    same = early.keys() - {"status", "method"}
    assert {name: early[name] for name in same} == {name: late[name] for name in same}


def test_what_a_running_job_says_has_the_names_it_ends_up_with(entry):
    made = entry()
    live = {(p.name, p.step, p.value) for r in made.result.reports for p in live_points(r, 7)}
    ended = {(p.name, p.step, p.value) for p in child_run(made).points}
    assert len(live) == 4
    assert live <= ended


def test_memory_is_among_the_system_metrics_in_megabytes(entry):
    values = {point.name: point.value for point in child_run(entry()).points}
    assert values["system/peak_memory_megabytes"] == 500.0
    assert values["peak_memory_bytes"] == 5e8
    assert "system/rank_memory_megabytes" not in values

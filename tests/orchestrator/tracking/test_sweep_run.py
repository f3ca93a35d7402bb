import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.results.entry import Entry
from orchestrator.tracking.sweep_run import SweepTally, sweep_params, sweep_tags
from trainers.job import Phase


def tally(config_json, *entries, objective="log_forget_quality"):
    config = json.loads(config_json)
    config["search"]["objective"] = objective
    made = SweepTally(config)
    for entry in entries:
        made.add(entry)
    return made.metrics()


def test_what_may_change_in_a_sweep_is_a_tag_and_the_rest_a_parameter(config_json):
    config = json.loads(config_json)
    params, tags = sweep_params(config), sweep_tags(config, Path("x"))
    assert params["search.constraints.retain.at_least"] == "0.9"
    assert params["methods.rmu.layer"] == "2"
    assert tags["search.trials"] == "7"
    assert tags["gang.ranks"] == str(config["gang"]["ranks"])
    assert tags["methods"] == ", ".join(config["methods"])
    assert not params.keys() & tags.keys()
    assert not [name for name in {**params, **tags} if "uri" in name or "storage" in name]


def test_a_sweep_counts_its_trials_and_how_they_ended(config_json, entry):
    good, bad = entry(0, lr=1e-5), entry(1, lr=2e-5, retain=0.1)
    stopped = entry(2, lr=3e-5, retain=0.1)
    stopped = replace(stopped, result=replace(stopped.result, stopped="lost", guard="g"))
    found = tally(config_json, good, bad, stopped, entry(3, lr=4e-5, reason="nan"))
    counts = {"trials": 4, "trials_feasible": 1, "trials_failed": 1, "trials_stopped": 1}
    assert counts.items() <= found.items()
    assert found["job_hours"] == 4 * 8 / 3600


def test_baselines_take_time_and_are_no_trials(config_json, entry):
    result = entry().result
    gold = replace(result, job=result.job.model_copy(update={"phase": Phase.GOLD}))
    found = tally(config_json, Entry("gold", gold))
    assert (found["trials"], found["job_hours"]) == (0, 8 / 3600)


def test_the_best_of_a_method_is_feasible_and_best_as_its_metric_says(config_json, entry):
    def scored(number, value, *, retain=0.9):
        made = entry(number, lr=1e-5 * (number + 1), retain=retain)
        metrics = {"forget": value, "retain": retain}
        return replace(made, result=replace(made.result, metrics=metrics))

    entries = scored(0, 0.5), scored(1, 0.3), scored(2, 0.1, retain=0.2)
    assert tally(config_json, *entries, objective="forget")["best/npo_l1/forget"] == 0.3
    assert tally(config_json, *entries, objective="retain")["best/npo_l1/retain"] == 0.9


def test_of_several_objectives_what_a_method_dominates_is_there_once_the_baselines_are(
    config_json, entry
):
    def scored(number, forget, retain):
        made = entry(number, lr=1e-5 * (number + 1), retain=retain)
        metrics = {"forget": forget, "retain": retain}
        return replace(made, result=replace(made.result, metrics=metrics))

    def baseline(phase):
        made = scored(0, 0.9, 0.8).result
        job = made.job.model_copy(update={"phase": phase})
        return Entry(str(phase), replace(made, job=job))

    trials = [scored(0, 0.5, 0.9), scored(1, 0.3, 0.82), scored(2, 0.1, 0.2)]
    found = tally(config_json, *trials, objective=["forget", "retain"])
    assert found["best/npo_l1/forget"] == 0.3
    assert "hypervolume/npo_l1" not in found
    found = tally(
        config_json,
        *trials,
        baseline(Phase.ORIGINAL),
        baseline(Phase.GOLD),
        objective=["forget", "retain"],
    )
    # Above the corner, forget 1 and the floor of 0.9 x 0.8.
    assert found["hypervolume/npo_l1"] == pytest.approx(0.5 * 0.18 + 0.2 * 0.1)

import json
from dataclasses import replace

from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.page.chart_data import MAX_POINTS, page_data
from orchestrator.reporting.provenance import command
from trainers.job import Report


def drawn(record, finals=None):
    return page_data(record, figure_data_of(record, finals))


def trial_of(data, label, number):
    (found,) = [t for t in data["trials"] if (t["label"], t["number"]) == (label, number)]
    return found


def test_every_trial_is_there_with_its_numbers_job_and_command(lively):
    data = drawn(lively)
    assert [trial["id"] for trial in data["trials"]] == list(range(18))
    entry = next(e for e in lively.entries if e.label == "npo" and e.number == 3)
    found = trial_of(data, "npo", 3)
    assert found["metrics"] == entry.result.metrics
    assert (found["lr"], found["l1"]) == (entry.params["lr"], entry.params["l1"])
    assert found["params"] == {"beta": 0.4}
    assert found["job"] == entry.result.job.hash
    assert found["command"] == command(lively, entry.result)
    assert found["job"] in found["command"]


def test_a_trial_is_feasible_infeasible_or_failed_and_one_of_a_method_is_the_best(lively):
    data = drawn(lively)
    assert trial_of(data, "ga", 0)["state"] == "feasible"
    assert trial_of(data, "ga", 7)["state"] == "infeasible"
    assert trial_of(data, "rmu", 1)["state"] == "failed"
    assert trial_of(data, "rmu", 0)["stopped"]
    best = [trial for trial in data["trials"] if trial["best"]]
    assert [trial["label"] for trial in best] == ["ga", "npo"]
    assert all(trial["state"] == "feasible" for trial in best)


def test_what_is_not_finite_becomes_null(fakes):
    odd = fakes.trial("ga", 0)
    odd.result.metrics["forget"] = float("nan")
    data = drawn(fakes.record([*fakes.baselines(), odd]))
    assert data["trials"][0]["metrics"]["forget"] is None
    json.dumps(data, allow_nan=False)


def test_a_long_training_is_thinned_but_keeps_its_end(fakes):
    reports = tuple(Report(i, 5000, {"loss": float(i)}) for i in range(1, 5001))
    made = fakes.trial("ga", 0)
    long = replace(made, result=replace(made.result, reports=reports))
    curve = drawn(fakes.record([*fakes.baselines(), long]))["trials"][0]["curves"]["loss"]
    assert len(curve["steps"]) <= MAX_POINTS + 1
    assert curve["steps"][-1] == 5000
    assert len(curve["steps"]) == len(curve["values"])


def test_finalists_come_with_intervals_and_their_own_baselines(lively, fakes):
    finals = fakes.finals(fakes.final("npo", 2, retain=0.75, quality=-4.0, rank=1))
    data = drawn(lively, finals)
    (final,) = data["finals"]
    assert final["metrics"]["retain"]["low"] == 0.75 - 0.0625
    assert data["baselines"][0]["metrics"]["log_forget_quality"] == -30.5
    assert data["axes"]["y"]["low"] < -60
    assert drawn(lively)["baselines"][0]["metrics"]["log_forget_quality"] == -61.218


def test_without_baselines_there_is_nothing_to_draw(fakes):
    record = replace(fakes.record(), reference=None, entries=())
    data = drawn(record)
    assert data["trials"] == data["baselines"] == data["bounds"] == []
    assert [method["label"] for method in data["methods"]] == ["ga", "npo", "rmu"]


def test_charts_know_what_forgot_nothing_and_what_was_to_be_beaten(lively):
    idle = replace(lively.entries[2], forgot=False)
    record = replace(lively, entries=(*lively.entries[:2], idle, *lively.entries[3:]))
    data = drawn(record)
    assert data["progress"]["toBeat"] == -61.218
    assert [trial["forgot"] for trial in data["trials"][:2]] == [False, None]
    assert not data["trials"][0]["front"]

"""A checkpoint is scored once, as a sweep scores a given baseline, and held against gold."""

import shutil
from dataclasses import replace

import pytest

from evals.errors import ConfigError
from orchestrator.evaluating import evaluation
from orchestrator.evaluating.checkpoints import read_checkpoints
from orchestrator.evaluating.evaluation import GOLD, judge, whole
from orchestrator.evaluating.scoreboard import scoreboard
from orchestrator.reporting.table import Estimate
from orchestrator.storage.records import Storage

METRICS = ("retain_probability", "log_forget_quality")

pytestmark = pytest.mark.slow


@pytest.fixture
def judged(config, saved):
    storage, said = Storage(config.folder), []

    def judged(*words, gold=None):
        one = {"base": None, "environment": {}}
        golden = None if gold is None else read_checkpoints([str(gold)], storage, **one)[0]
        given = read_checkpoints(list(map(str, words)), storage, **one)
        return judge(given, golden, whole(config, metrics=METRICS), storage, say=said.append)

    judged.said = said
    return judged


def test_every_item_is_measured_and_nothing_is_scored_twice(judged, saved, monkeypatch) -> None:
    first = judged(saved.one, saved.adapter, gold=saved.other)
    assert [entry.label for entry in first.entries] == [GOLD, "one", "worn"]
    assert all(
        set(e.result.metrics) == {"retain_probability", "log_forget_quality"} for e in first.entries
    )
    assert first.entries[0].result.metrics["log_forget_quality"] == 0
    retained = [entry.result.metrics["retain_probability"] for entry in first.entries]
    assert len(set(retained)) == 3, "the adapter, too, makes another model"
    assert len(judged.said) == 3
    assert all("scoring" in line for line in judged.said)
    monkeypatch.setattr("trainers.reevaluation.evaluate_saved", None)
    again = judged(saved.one, saved.adapter, gold=saved.other)
    assert all("found in storage" in line for line in judged.said[3:])
    assert [e.result.metrics for e in again.entries] == [e.result.metrics for e in first.entries]


def test_without_gold_what_compares_with_it_is_left_out_and_said(judged, saved) -> None:
    found = judged(saved.one)
    assert set(found.entries[0].result.metrics) == {"retain_probability"}
    assert found.left_out == ("log_forget_quality",)
    table = scoreboard(found)
    assert [column.heading for column in table.columns] == ["Model", "retain_probability", "Job"]
    assert isinstance(table.rows[0][1], Estimate)
    assert "Not measured without a gold model (--gold): Log Forget Quality." in table.notes


def test_the_table_says_of_which_items_it_is(judged, saved) -> None:
    found = judged(saved.one)
    assert scoreboard(found).notes[0].startswith("Scored on the first 3 items at most (eval")
    settings = found.config.evaluation.model_copy(update={"max_items": 300})
    all_of_them = replace(found, config=found.config.model_copy(update={"evaluation": settings}))
    assert scoreboard(all_of_them).notes[0].startswith("Scored on every item of characters (")


def test_a_job_of_another_benchmark_is_named_below_the_table(judged, saved, config) -> None:
    storage = Storage(config.folder)
    (given,) = read_checkpoints([str(saved.one)], storage, base=None, environment={})
    own = judged(saved.one).benchmark.fingerprint
    for data, strange in (("", ()), (own, ()), ("f" * 64, ("one",))):
        known = replace(given, data=data)
        found = evaluation.judge([known], None, whole(config, metrics=METRICS), storage, say=print)
        assert found.strange == strange
        said = any("Run on another benchmark" in note for note in scoreboard(found).notes)
        assert said is bool(strange)


def test_a_model_that_does_not_load_is_refused_before_any_is_scored(
    judged, saved, tmp_path
) -> None:
    shutil.copytree(saved.other, tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ConfigError, match=r"MODEL must be .* but got .*cut' \(Safetensor"):
        judged(saved.one, tmp_path / "cut")
    assert judged.said == []


def test_items_that_were_cut_are_counted_below_the_table(judged, saved, config) -> None:
    cut = {"evaluation": config.evaluation.model_copy(update={"max_length": 30})}
    given = read_checkpoints([str(saved.one)], Storage(config.folder), base=None, environment={})
    found = evaluation.judge(
        given, None, whole(config.model_copy(update=cut)), Storage(config.folder), say=print
    )
    assert any("cut at evaluation.max_length" in note for note in scoreboard(found).notes)


def test_a_metric_that_the_benchmark_cannot_give_is_refused_before_anything_is_scored(
    judged, saved, config
) -> None:
    benchmark = config.benchmark.model_copy(
        update={"settings": {**config.benchmark.settings, "holdout_people": 0}}
    )
    changed = config.model_copy(update={"benchmark": benchmark})
    with pytest.raises(ConfigError, match="which needs a holdout"):
        judge([], None, whole(changed, metrics=["mia_loss"]), Storage(config.folder), say=print)


def test_a_metric_that_is_none_is_refused(config) -> None:
    with pytest.raises(ConfigError, match=r"--metrics must be one of .*did you mean 'retain'"):
        whole(config, metrics=["retian"])

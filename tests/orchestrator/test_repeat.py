"""A row is found, evaluated or trained again, and held against what is on record."""

import re
from dataclasses import replace

import pytest

from evals.errors import ConfigError
from evals.scores import AnswerScore, ScoreSheet
from orchestrator import repeat
from orchestrator.repetition import check_data, find_row, guard_of_row, likeness, saved_weights
from orchestrator.result import Result, State
from orchestrator.storing.members import MEMBERS_FILE
from trainers.job import TrialFailure


def changed(sheet: ScoreSheet, by: float, *, task: int = 0, item: int = 3) -> ScoreSheet:
    """Returns the sheet with one answer less likely, by so many nats a token."""
    tasks = list(sheet.tasks)
    items = list(tasks[task].items)
    answer = items[item].answer
    worse = AnswerScore(answer.nll + by * answer.num_tokens, answer.num_tokens)
    items[item] = replace(items[item], answer=worse)
    tasks[task] = replace(tasks[task], items=tuple(items))
    return ScoreSheet(tuple(tasks))


@pytest.fixture
def row(stored_sweep):
    made = stored_sweep().fill()
    return find_row(made.trial("ga", lr=1e-4).hash, made.storage)


def test_a_row_knows_its_sweep_and_the_baselines_of_that(stored_sweep, row) -> None:
    made = stored_sweep()
    assert (row.original, row.gold) == (made.original.hash, made.gold.hash)
    assert row.config.name == "demo"
    assert row.base == made.storage.model_folder(made.original)


def test_scores_that_are_equal_are_the_same(row) -> None:
    found = likeness(row, row.storage.sheet(row.result.job.hash))
    assert found.is_same(0.0)
    assert all(before == after for before, after in found.metrics.values())


def test_the_answer_that_differs_most_decides(row) -> None:
    found = likeness(row, changed(row.storage.sheet(row.result.job.hash), 0.25))
    assert found.worst_nats == pytest.approx(0.25)
    assert not found.is_same(0.2)
    assert found.is_same(0.3)


def test_a_likelihood_that_is_no_number_any_more_is_not_the_same(row) -> None:
    found = likeness(row, changed(row.storage.sheet(row.result.job.hash), float("nan")))
    assert not found.is_same(1e9)


def test_what_was_not_stopped_is_trained_again_without_a_guard(row) -> None:
    assert guard_of_row(row) is None


def test_what_was_stopped_under_another_guard_is_not_trained_again(row) -> None:
    stopped = replace(row, result=replace(row.result, stopped="at step 2", guard="f" * 16))
    with pytest.raises(ConfigError, match=r"search\.stopping must be what stopped .*--retrain"):
        guard_of_row(stopped)


def test_weights_that_are_gone_are_named_with_the_cure(stored_sweep, row) -> None:
    with pytest.raises(ConfigError, match=r"model must hold the model .* --retrain"):
        saved_weights(row)
    row.storage.model_folder(stored_sweep().original).mkdir()
    with pytest.raises(ConfigError, match=r"adapter must hold the adapter .* --retrain"):
        saved_weights(row)


def test_other_data_than_the_jobs_are_refused(row) -> None:
    check_data(row)
    job = row.result.job.model_copy(update={"data": "0" * 64})
    with pytest.raises(ConfigError, match=r"benchmark must have the content .*0{12}\) but got"):
        check_data(replace(row, result=replace(row.result, job=job)))


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("f" * 16, r"RUN must be a job in .* but got 'f{16}', which is not there"),
        ("demo", r"RUN must be a job's hash .* but got 'demo'"),
        ("e" * 32, r"tracking\.uri|RUN must be the id of an MLflow run"),
    ],
)
def test_a_run_that_is_not_there_is_refused(stored_sweep, capsys, word, said) -> None:
    made = stored_sweep().fill()
    assert repeat.main([word, "--storage", str(made.storage.root)]) == repeat.REFUSED
    error = capsys.readouterr().err
    assert re.search(said, error), error


def test_a_job_that_failed_or_belongs_to_no_sweep_is_refused(stored_sweep) -> None:
    made = stored_sweep().fill()
    job = made.trial("ga", lr=4e-3)
    failed = Result(job, State.FAILED, "the loss is nan", {}, {}, 1.0, (), 0.0)
    made.storage.commit(failed, made.storage.begin(job), None)
    with pytest.raises(ConfigError, match=r"which failed \(the loss is nan\)"):
        find_row(job.hash, made.storage)
    (made.folder / MEMBERS_FILE).unlink()
    with pytest.raises(ConfigError, match=r"no members\.jsonl there names"):
        find_row(made.gold.hash, made.storage)


@pytest.mark.parametrize(("by", "code", "word"), [(0.0, 0, "The same"), (0.5, 1, "NOT the same")])
def test_the_verdict_is_said_and_is_the_exit_code(row, capsys, monkeypatch, by, code, word) -> None:
    sheet = changed(row.storage.sheet(row.result.job.hash), by)
    monkeypatch.setattr(repeat, "_reevaluated", lambda _: sheet)
    assert repeat.main([str(row.folder)]) == code
    said = capsys.readouterr().out
    assert f"{word}: the likelihoods of" in said
    assert "log_forget_quality" in said


def test_a_training_that_fails_this_time_is_not_the_same(row, capsys, monkeypatch) -> None:
    def fails(*_: object) -> ScoreSheet:
        raise TrialFailure("the loss is nan at step 3")

    monkeypatch.setattr(repeat, "_retrained", fails)
    words = [row.result.job.hash, "--storage", str(row.storage.root), "--retrain"]
    assert repeat.main(words) == repeat.DIFFERENT
    assert "this time it failed: the loss is nan at step 3" in capsys.readouterr().err

"""A row is found, evaluated or trained again, and held against what is on record."""

import os
import re
import signal
from dataclasses import replace

import pytest

from evals.scores import ScoreSheet
from evals.text.scores import AnswerScore
from orchestrator import repeat
from orchestrator.reproducing.find_row import find_row
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


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("f" * 16, r"RUN must be a job in .* but got 'f{16}', which is not there"),
        ("demo", r"RUN must be a job's hash .* but got 'demo'"),
        ("e" * 32, r"lethe: --storage must lead to MLflow's database but got '[^']*/storage', "),
    ],
)
def test_a_run_that_is_not_there_is_refused(stored_sweep, capsys, word, said) -> None:
    made = stored_sweep().fill()
    assert repeat.main([word, "--storage", str(made.storage.root)]) == repeat.REFUSED
    error = capsys.readouterr().err
    assert re.search(said, error), error
    assert not (made.storage.root / "mlflow.db").exists(), "asking makes nothing"


@pytest.mark.parametrize(("by", "code", "word"), [(0.0, 0, "The same"), (0.5, 1, "NOT the same")])
def test_the_verdict_is_said_and_is_the_exit_code(row, capsys, monkeypatch, by, code, word) -> None:
    sheet = changed(row.storage.sheet(row.result.job.hash), by)
    monkeypatch.setattr(repeat, "_reevaluated", lambda _: sheet)
    assert repeat.main([str(row.folder)]) == code
    said = capsys.readouterr().out
    assert f"{word}: the likelihoods of" in said
    assert "log_forget_quality" in said
    assert f"job {row.result.job.hash} of the sweep {row.config.name}\n" in said
    assert "Metrics are over the items that the search sees" in said


def test_a_training_that_fails_this_time_is_not_the_same(row, capsys, monkeypatch) -> None:
    def fails(*_: object) -> ScoreSheet:
        raise TrialFailure("the loss is nan at step 3")

    monkeypatch.setattr(repeat, "_retrained", fails)
    words = [row.result.job.hash, "--storage", str(row.storage.root), "--retrain"]
    assert repeat.main(words) == repeat.DIFFERENT
    assert "this time it failed: the loss is nan at step 3" in capsys.readouterr().err


def test_other_sweeps_that_have_the_row_are_named_and_can_be_chosen(
    stored_sweep, row, capsys, monkeypatch
) -> None:
    folder = stored_sweep().folder
    stored_sweep("name=twin").fill()
    monkeypatch.setattr(repeat, "_reevaluated", lambda _: row.storage.sheet(row.result.job.hash))
    for words, said in (
        ([], f"of the sweep {folder.name} (also in twin: see --sweep)\n"),
        (["--sweep", "twin"], "of the sweep twin\n"),
    ):
        assert repeat.main([str(row.folder), *words]) == repeat.SAME
        assert said in capsys.readouterr().out


def test_what_is_kept_must_be_trained(row, capsys) -> None:
    assert repeat.main([str(row.folder), "--keep", "there"]) == repeat.REFUSED
    assert "--keep must be given together with --retrain" in capsys.readouterr().err


def test_weights_that_are_not_here_cannot_be_evaluated(row, capsys) -> None:
    assert repeat.main([str(row.folder)]) == repeat.REFUSED
    assert "original model but it is not here" in capsys.readouterr().err


def test_who_is_asked_to_leave_while_a_row_is_repeated_says_so(monkeypatch, capsys) -> None:
    def leave(*_: object) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    monkeypatch.setattr(repeat, "_main", leave)
    assert repeat.main(["a"]) == 130
    assert capsys.readouterr().err == "lethe: interrupted; nothing was changed\n"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("RUN", ["~nobody-at-all/job"]),
        ("RUN", ["x" * 300]),
        ("--storage", ["0" * 16, "--storage", "~nobody-at-all"]),
        ("--keep", ["--retrain", "--keep", "a\0b"]),
    ],
)
def test_a_path_that_cannot_be_is_refused_by_what_it_was_given_as(
    row, capsys, key: str, words: list[str]
) -> None:
    given = words if words[0] != "--retrain" else [str(row.folder), *words]
    assert repeat.main(given) == repeat.REFUSED
    assert capsys.readouterr().err.startswith(f"lethe: {key} must be a path ")

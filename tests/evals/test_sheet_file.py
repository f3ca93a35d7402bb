"""A score sheet comes back from its file exactly as it was."""

import math
from pathlib import Path

import pytest

from evals.benchmark import Role
from evals.errors import ConfigError
from evals.scores import ScoreSheet
from evals.sheet_file import read_sheet, write_sheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores, num_truncated


def _sheet(*log_probs: float, cut: bool = False) -> ScoreSheet:
    item = ItemScore(
        id="forget/0",
        truth='Zoë said: "naïve"\n',
        answer=AnswerScore(sum(log_probs), len(log_probs), ended=not cut),
        paraphrase=None,
        perturbed=(AnswerScore(0.1 + 0.2, 2), AnswerScore(5e-324, 1)),
        token_logprobs=log_probs,
        token_hits=tuple(value > -1 for value in log_probs),
        generation=None,
    )
    return ScoreSheet((TaskScores("forget", Role.FORGET, Probability.PLAIN, (item,)),))


def test_every_bit_of_every_float_comes_back(tmp_path: Path) -> None:
    sheet = _sheet(-1 / 3, -0.0, -1.7976931348623157e308, -2.2250738585072014e-308, -math.pi)
    write_sheet(tmp_path / "scores.json", sheet)
    assert repr(read_sheet(tmp_path / "scores.json", TaskScores)) == repr(sheet)


def test_what_json_has_no_number_for_comes_back_too(tmp_path: Path) -> None:
    sheet = _sheet(math.nan, math.inf, -math.inf)
    write_sheet(tmp_path / "scores.json", sheet)
    text = (tmp_path / "scores.json").read_text()
    assert '["NaN","Infinity","-Infinity"]' in text
    assert repr(read_sheet(tmp_path / "scores.json", TaskScores)) == repr(sheet)


def test_an_answer_that_was_cut_comes_back_as_cut(tmp_path: Path) -> None:
    sheet = _sheet(-1.0, -2.0, cut=True)
    write_sheet(tmp_path / "scores.json", sheet)
    assert '"ended":false' in (tmp_path / "scores.json").read_text()
    found = read_sheet(tmp_path / "scores.json", TaskScores)
    assert found == sheet
    assert num_truncated(found) == 1


def test_an_answer_of_which_the_file_does_not_say_that_it_was_cut_was_not(tmp_path: Path) -> None:
    write_sheet(tmp_path / "scores.json", _sheet(-1.0, -2.0))
    text = (tmp_path / "scores.json").read_text()
    (tmp_path / "scores.json").write_text(text.replace(',"ended":true', ""))
    assert read_sheet(tmp_path / "scores.json", TaskScores) == _sheet(-1.0, -2.0)


def test_a_sheet_without_tasks_comes_back(tmp_path: Path) -> None:
    write_sheet(tmp_path / "scores.json", ScoreSheet(()))
    assert read_sheet(tmp_path / "scores.json", TaskScores) == ScoreSheet(())


def test_writing_again_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    for value in (-1.0, -2.0):
        write_sheet(tmp_path / "scores.json", _sheet(value))
    assert read_sheet(tmp_path / "scores.json", TaskScores) == _sheet(-2.0)
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "scores.json").mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(OSError, match=r"scores\.json"):
        write_sheet(tmp_path / "scores.json", _sheet(-1.0))
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]


@pytest.mark.parametrize(
    "text",
    ['{"tasks": [', "[]", '{"tasks": [{"name": "forget"}]}', ""],
    ids=["cut short", "a list", "fields missing", "empty"],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(ConfigError, match=r"scores\.json must be a score sheet but got"):
        read_sheet(tmp_path / "scores.json", TaskScores)


def test_a_missing_file_is_reported_as_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_sheet(tmp_path / "scores.json", TaskScores)

"""Another sweep's searches are read without touching its folder."""

import pytest

from orchestrator.searching.past_trials import PastTrial, past_trials
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import SearchRange
from orchestrator.searching.study import MethodSearch

SPACE = {"lr": SearchRange(low=1e-5, high=1e-3)}


def begin(folder, label):
    return MethodSearch(label, space=SPACE, settings=SearchSettings(), folder=folder, seed=0)


def test_only_measured_whole_trials_of_the_sweep_itself_are_found(tmp_path) -> None:
    for label in ("npo", "ga"):
        search = begin(tmp_path, label)
        search.learn("older/0@abc", {"lr": 1e-4}, objective=-1.0, violations={"r": 0.1})
        told = {"objective": -1.0, "violations": {"r": 0.1}}
        search.tell(search.ask().number, **told, job=f"{label}-job")
        search.tell(search.ask().number, **told, job="stopped-job", stopped="stopped at step 4")
        search.fail(search.ask().number, "lost", job="lost-job")
        search.ask()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert past_trials(tmp_path) == (PastTrial("ga", 0, "ga-job"), PastTrial("npo", 0, "npo-job"))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_folder_without_a_journal_is_an_error(tmp_path) -> None:
    with pytest.raises(OSError, match=r"search\.journal"):
        past_trials(tmp_path)


@pytest.mark.parametrize("text", ["not json\n{}\n", '{"a": 1}\n{"b": 2}\n', "[1]\n[2]\n"])
def test_a_file_that_is_no_journal_is_an_error(tmp_path, text) -> None:
    (tmp_path / "search.journal").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="."):
        past_trials(tmp_path)

"""What a person is told by `python -m orchestrator.export`."""

import pytest

from orchestrator import export
from orchestrator.reproducing import take_home
from trainers.job import TrialFailure


@pytest.fixture
def words(stored_sweep, tmp_path):
    made = stored_sweep().fill()
    job = made.trial("ga", lr=2e-3).hash
    return [job, str(tmp_path / "home"), "--storage", str(made.storage.root)]


def test_a_run_that_is_not_there_is_refused(words, capsys) -> None:
    assert export.main(["f" * 16, *words[1:]]) == export.REFUSED
    assert "which is not there; see the column Job" in capsys.readouterr().err


def test_weights_that_are_gone_are_named_with_the_cure(words, capsys) -> None:
    assert export.main(words) == export.REFUSED
    assert "it is not here; " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "there is no room on the disk for the model"),
        (TrialFailure("merging changed it"), "lethe: merging changed it"),
    ],
)
def test_what_goes_wrong_is_said_in_a_line(words, capsys, monkeypatch, error, said) -> None:
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(take_home, "saved_weights", fails)
    assert export.main(words) == export.FAILED
    assert said in capsys.readouterr().err


def test_where_it_went_is_said(words, capsys, monkeypatch, tmp_path) -> None:
    (tmp_path / "adapter").mkdir()
    monkeypatch.setattr(take_home, "saved_weights", lambda _: (tmp_path, tmp_path / "adapter"))
    assert export.main(words) == export.DONE
    assert f"Written to {tmp_path / 'home'}; README.md" in capsys.readouterr().out

"""An adapter is there whole or not at all, and the folder says which."""

from pathlib import Path

import pytest

from orchestrator.storage import weights
from orchestrator.storage.weights import (
    adapter_bytes,
    give_back,
    is_removed,
    kept_weights,
    model_bytes,
    remove_weights,
    removed_weights,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"x" * 1000)
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    (tmp_path / "result.json").write_text("kept")
    return tmp_path


def test_an_adapter_goes_with_its_bytes_and_leaves_a_word_why(folder: Path) -> None:
    assert adapter_bytes(folder) == 1002
    assert not is_removed(folder)
    assert remove_weights(folder, "disk.quota 20 GB") == 1002
    assert is_removed(folder)
    assert adapter_bytes(folder) == 0
    assert (folder / "adapter.removed" / "why.txt").read_text() == "disk.quota 20 GB\n"
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        "result.json",
        "why.txt",
    ]


def test_to_remove_it_again_or_where_there_was_none_does_nothing(folder: Path, tmp_path) -> None:
    remove_weights(folder, "first")
    assert remove_weights(folder, "second") == 0
    assert (folder / "adapter.removed" / "why.txt").read_text() == "first\n"
    (tmp_path / "other").mkdir()
    assert remove_weights(tmp_path / "other", "") == 0
    assert not is_removed(tmp_path / "other")


def test_a_removal_that_is_cut_off_leaves_no_adapter_and_is_gone_on_with(
    folder: Path, monkeypatch
) -> None:
    def killed(aside: Path, why: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(weights, "_empty", killed)
        with pytest.raises(KeyboardInterrupt):
            remove_weights(folder, "")
    assert is_removed(folder)
    assert (folder / "adapter.removed" / "adapter_model.safetensors").exists()
    remove_weights(folder, "")
    assert [path.name for path in (folder / "adapter.removed").iterdir()] == ["why.txt"]


def test_a_disk_too_full_for_the_note_is_no_hindrance(folder: Path, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert remove_weights(folder, "why") == 1002
    assert is_removed(folder)


def test_an_adapter_that_was_made_anew_is_the_jobs_again_and_may_go_again(
    folder: Path, tmp_path: Path
) -> None:
    remove_weights(folder, "first")
    again = tmp_path / "new" / "adapter"
    again.mkdir(parents=True)
    (again / "adapter_model.safetensors").write_bytes(b"y" * 7)
    give_back(folder, again)
    assert not is_removed(folder)
    assert adapter_bytes(folder) == 7
    assert remove_weights(folder, "second") == 7
    assert (folder / "adapter.removed" / "why.txt").read_text() == "second\n"


def test_a_baselines_model_counts_as_such(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"x" * 5)
    assert (model_bytes(tmp_path), adapter_bytes(tmp_path)) == (5, 0)


def test_a_trials_model_goes_and_comes_back_as_an_adapter_does(tmp_path: Path) -> None:
    for home in (tmp_path / "job", tmp_path / "again"):
        (home / "model").mkdir(parents=True)
        (home / "model" / "model.safetensors").write_bytes(b"x" * 5)
    job = tmp_path / "job"
    assert kept_weights(job) == job / "model"
    assert remove_weights(job, "disk.quota") == 5
    assert is_removed(job)
    assert removed_weights(job) == job / "model.removed"
    assert (job / "model.removed" / "why.txt").read_text() == "disk.quota\n"
    give_back(job, tmp_path / "again" / "model")
    assert not is_removed(job)
    assert model_bytes(job) == 5

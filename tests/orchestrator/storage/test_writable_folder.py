import errno
import os
from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.storage.writable_folder import check_writable, make_folder


def refusal(folder: Path, *, key: str = "storage") -> str:
    with pytest.raises(ConfigError) as caught:
        make_folder(folder, key=key)
    return str(caught.value)


def test_a_folder_is_made_with_all_above_it_or_taken_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert make_folder(folder) == folder
    (folder / "file").write_text("")
    assert make_folder(folder) == folder
    assert [file.name for file in folder.iterdir()] == ["file"]


def test_what_cannot_be_made_is_refused_with_the_key_and_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "a"
    assert refusal(folder, key="cache") == (
        f"cache must be a folder that can be written to but got '{folder}' (Not a directory); "
        "choose another with cache=<folder>"
    )
    assert refusal(folder, key="--out").endswith("(Not a directory); choose another one")


def test_a_folder_that_may_only_be_read_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write wherever it likes
    assert "(it may only be read)" in refusal(tmp_path)


def test_a_file_where_the_folder_belongs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="it is a file"):
        check_writable(tmp_path / "file")


def test_a_full_disk_is_no_fault_of_the_folder(tmp_path: Path, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(OSError, match="No space left"):
        make_folder(tmp_path / "a")

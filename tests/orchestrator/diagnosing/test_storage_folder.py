"""A folder that cannot be storage is found out before a sweep needs it."""

import fcntl
import shutil
from collections import namedtuple

from orchestrator.diagnosing.finding import Level
from orchestrator.diagnosing.storage_folder import GIB, storage_folder

Usage = namedtuple("Usage", "total used free")


def test_a_folder_that_is_not_there_is_tried_where_it_would_be_made(tmp_path) -> None:
    written, room = storage_folder(tmp_path / "a" / "b")
    assert written.level == Level.WORKS
    assert str(tmp_path) in written.said
    assert "GiB are free" in room.said
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    (found,) = storage_folder(tmp_path / "file")
    assert found.level == Level.FAILS
    assert "--storage" in found.cure


def test_a_file_system_without_locks_fails(tmp_path, monkeypatch) -> None:
    def lock(*_) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", lock)
    found, _ = storage_folder(tmp_path)
    assert found.level == Level.FAILS
    assert "No locks available" in found.said
    assert list(tmp_path.iterdir()) == []


def test_little_room_is_doubtful(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9 * GIB, 8 * GIB, GIB))
    _, room = storage_folder(tmp_path)
    assert room.level == Level.DOUBTFUL

"""Who holds a sweep's folder, and when nobody does although it looks so."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.storage.files import LOCK_FILE
from orchestrator.storage.lock import FolderLock, holder_of

HOLD = """
import sys, time
from pathlib import Path
from orchestrator.storage.lock import FolderLock
with FolderLock(Path(sys.argv[1]), beat_s=0.1):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def pretend(folder: Path, *, host: str, age_s: float = 0.0) -> None:
    """Leaves the lock file of a driver on another host, whose lock does not reach this one."""
    file = folder / LOCK_FILE
    file.write_text(json.dumps({"host": host, "pid": 7, "since": time.time()}))
    os.utime(file, (time.time() - age_s, time.time() - age_s))


def test_a_second_driver_is_refused_at_once_and_told_of_the_first(tmp_path, holder) -> None:
    started = time.monotonic()
    with pytest.raises(ConfigError) as refused:
        FolderLock(tmp_path)
    assert time.monotonic() - started < 1
    said = str(refused.value)
    assert f"process {holder.pid} on {socket.gethostname()}" in said
    assert f"kill {holder.pid}" in said
    assert "name=<name>" in said


def test_the_lock_of_a_killed_driver_does_not_block_and_tells_when_it_lived(
    tmp_path, holder
) -> None:
    time.sleep(0.3)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    started = time.monotonic()
    with FolderLock(tmp_path) as lock:
        assert lock.last_alive == pytest.approx(time.time(), abs=5)
    assert time.monotonic() - started < 1


def test_a_folder_that_was_given_back_has_no_last_driver(tmp_path) -> None:
    with FolderLock(tmp_path) as lock:
        assert lock.last_alive is None
    with FolderLock(tmp_path) as again:
        assert again.last_alive is None


def test_a_driver_on_another_host_is_known_by_its_beat(tmp_path) -> None:
    pretend(tmp_path, host="elsewhere")
    beating = subprocess.Popen(
        [sys.executable, "-c", BEAT, str(tmp_path / LOCK_FILE)], stdout=subprocess.PIPE
    )
    try:
        beating.stdout.readline()
        with pytest.raises(ConfigError, match="process 7 on elsewhere"):
            FolderLock(tmp_path, beat_s=0.5)
    finally:
        beating.kill()
        beating.wait()
        beating.stdout.close()


BEAT = """
import os, sys, time
print("beats", flush=True)
for _ in range(600):
    os.utime(sys.argv[1])
    time.sleep(0.1)
"""


def test_a_silent_driver_on_another_host_is_dead(tmp_path) -> None:
    pretend(tmp_path, host="elsewhere")
    with FolderLock(tmp_path, beat_s=0.1) as lock:
        assert lock.last_alive is not None


def test_one_that_has_been_silent_for_long_is_not_waited_for(tmp_path) -> None:
    pretend(tmp_path, host="elsewhere", age_s=3600)
    started = time.monotonic()
    with FolderLock(tmp_path, beat_s=60):
        assert time.monotonic() - started < 1


def test_where_a_file_system_has_no_locks_the_beat_decides(tmp_path, monkeypatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with (
        FolderLock(tmp_path, beat_s=0.1),
        pytest.raises(ConfigError, match=f"process {os.getpid()} on"),
    ):
        FolderLock(tmp_path, beat_s=0.2)
    with FolderLock(tmp_path, beat_s=0.1):
        pass


def test_a_folder_that_cannot_be_written_to_is_refused_by_its_key(tmp_path) -> None:
    with pytest.raises(ConfigError, match="storage must be a folder that can be written to"):
        FolderLock(tmp_path / "missing")


def test_who_drives_a_folder_can_be_told_without_its_lock(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None
    with FolderLock(tmp_path):
        holder = holder_of(tmp_path)
        assert holder is not None
        assert holder.pid == os.getpid()
        file = tmp_path / LOCK_FILE
        gone = {"host": holder.host, "pid": 2**22 + 1, "since": holder.since}
        file.write_text(json.dumps(gone))
        assert holder_of(tmp_path) is None, "it was killed"
        file.write_text(json.dumps({**gone, "host": "elsewhere"}))
        assert holder_of(tmp_path) is not None
        os.utime(file, (1.0, 1.0))
        assert holder_of(tmp_path) is None, "nothing was heard of it for long"
    assert holder_of(tmp_path) is None

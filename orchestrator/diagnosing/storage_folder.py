"""Whether a folder can be a sweep's storage: written to, renamed in, locked, large enough."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from evals.errors import ConfigError
from orchestrator.diagnosing.finding import Finding, doubtful, fails, works
from orchestrator.storage.writable_folder import check_writable

GIB = 1 << 30
LEAST_FREE = 5 * GIB


def storage_folder(folder: Path) -> Iterator[Finding]:
    """Yields what was found of `folder`, or of the one that it would be made in."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    try:
        check_writable(there)
        yield _usable(there)
    except (ConfigError, OSError) as error:
        yield fails("storage", str(error), "name another one with --storage")
        return
    yield _room(there)


def _usable(folder: Path) -> Finding:
    """Returns whether files are renamed and locked there, as a sweep does with its results."""
    with tempfile.TemporaryDirectory(prefix=".lethe-doctor-", dir=folder) as made:
        (Path(made) / "one").mkdir()
        (Path(made) / "one").rename(Path(made) / "other")
        lock = os.open(Path(made) / "lock", os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            cure = "mount the file system with locks (NFS: version 4), or name another folder"
            return fails("storage", f"{folder} cannot be locked ({error.strerror})", cure)
        finally:
            os.close(lock)
    return works("storage", f"{folder} can be written to and locked")


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    said = f"{free / GIB:.0f} GiB are free there"
    if free < LEAST_FREE:
        return doubtful(
            "disk", said, "make room, or set disk.quota; --plan says what a sweep takes"
        )
    return works("disk", said)

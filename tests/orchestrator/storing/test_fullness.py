"""Whose disk is full is read from the reason, and from how much the storage's own has free."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.storing import fullness
from orchestrator.storing.fullness import is_storages

GIB = 2**30


@pytest.mark.parametrize(
    ("reason", "free_gib", "storages"),
    [
        ("OSError: [Errno 28] No space left on device: '/tmp/x'", 500, False),
        ("OSError: [Errno 28] No space left on device", 500, False),
        ("OSError: [Errno 28] No space left on device", 40, True),
        ("OSError: [Errno 28] No space left on device: '/tmp/x'", 1, True),
        ("OSError: [Errno 122] Disk quota exceeded: '/shared/lethe/jobs/a/adapter'", 500, True),
        ("OSError: [Errno 122] Disk quota exceeded: '/shared/lethe2/jobs/a'", 500, False),
        ("OSError: [Errno 27] File too large: '/shared/lethe/jobs/a/adapter'", 500, False),
    ],
)
def test_another_disk_that_is_full_is_told_from_the_storages(
    reason: str, free_gib: int, storages: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SimpleNamespace(total=1000 * GIB, free=free_gib * GIB)
    monkeypatch.setattr(fullness.shutil, "disk_usage", lambda _: disk)
    assert is_storages(reason, Path("/shared/lethe")) is storages

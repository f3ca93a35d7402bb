"""What waits for room on a disk does so for a while; then the sweep leaves, and says why."""

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator.limits import full_disk
from orchestrator.limits.full_disk import (
    Clock,
    DiskFullMonitor,
    OutOfRoom,
    SpaceSources,
    is_storages,
)

FULL = OSError(errno.ENOSPC, "No space left on device")


class Site:
    """A full disk under a clock of its own, and what came of it."""

    def __init__(self, folder: Path, *, patience_s: float = 100) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.relieved: list[float] = []
        self.may_wait = True
        self.full_disk = DiskFullMonitor(
            folder,
            patience_s=patience_s,
            free_space=lambda _: self.relieved.append(self.now),
            say=self.said.append,
            may_wait=lambda: self.may_wait,
            clock=Clock(lambda: self.now, self.sleep),
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(full_disk, "is_storages", lambda reason, _: "/tmp" not in reason)
    return Site(tmp_path)


def test_the_message_names_folder_free_bytes_and_cure_and_comes_once(site, tmp_path) -> None:
    site.full_disk.hear("[Errno 28] No space left on device: 'x'")
    site.full_disk.hear("again")
    (said,) = site.said
    assert said.startswith(f"lethe: no room in {tmp_path} (")
    assert "GiB free): [Errno 28] No space left on device: 'x'; what waits is tried again" in said
    assert said.endswith(
        "make room there, or set disk.quota for the weights that the sweep may keep"
    )


def test_room_is_made_at_once_and_then_time_is_given_to_use_it(site) -> None:
    for _ in range(12):
        site.full_disk.hear("full")
        site.now += 1
    assert site.relieved == [0, 5, 10]


def test_after_its_patience_the_sweep_is_to_leave(site) -> None:
    assert site.full_disk.over is None
    for _ in range(99):
        site.full_disk.hear("full")
        assert site.full_disk.over is None
        site.now += 1
    site.now += 1
    site.full_disk.hear("full")
    assert "for 100 s (disk.patience_s)" in site.full_disk.over


def test_whatever_finds_room_begins_the_patience_anew(site) -> None:
    site.full_disk.hear("full")
    site.now = 99
    site.full_disk.end()
    site.now = 101
    site.full_disk.hear("full")
    assert site.full_disk.over is None
    assert [line.partition(" (")[0].split()[1] for line in site.said] == ["no", "there", "no"]


def test_a_job_that_takes_long_to_find_no_room_again_is_given_up_all_the_same(tmp_path) -> None:
    site = Site(tmp_path, patience_s=300)
    for attempt in range(5):
        site.now = attempt * 70.0
        site.full_disk.hear("full", "job")
        site.now += 69
        assert site.full_disk.over is None
    site.now = 350
    site.full_disk.hear("full", "job")
    assert "for 300 s (disk.patience_s)" in site.full_disk.over
    assert len(site.said) == 1


def test_an_attempt_that_goes_well_is_not_ended_by_the_one_before_it_nor_by_another_job(
    site,
) -> None:
    site.full_disk.hear("full", "one")
    site.now = 7000
    assert site.full_disk.over is None
    site.full_disk.hear("full", "other")
    assert site.full_disk.over is None
    site.full_disk.end()
    site.full_disk.hear("full", "one")
    assert site.full_disk.over is None, "a result has found room"


def test_another_disk_is_called_so(site, tmp_path) -> None:
    site.full_disk.hear("[Errno 28] No space left on device: '/tmp/x'")
    (said,) = site.said
    assert said.startswith(f"lethe: no room on a disk other than that of {tmp_path} (")
    assert said.endswith("make room where it says, such as in /tmp on the nodes")


def test_a_full_disk_of_the_driver_of_which_nothing_is_heard_is_over(site) -> None:
    site.full_disk.hear("full")
    site.now = 101
    assert site.full_disk.over is None
    assert "there is room" in site.said[-1]


def test_a_write_is_tried_until_there_is_room(site) -> None:
    tries = []

    def write() -> None:
        tries.append(site.now)
        if len(tries) < 4:
            raise FULL

    site.full_disk.hold(write)
    assert tries == [0, 1, 2, 3]


def test_a_write_that_finds_none_ends_the_sweep(site) -> None:
    def write() -> None:
        raise FULL

    with pytest.raises(OutOfRoom, match="for 100 s"):
        site.full_disk.hold(write)
    assert site.now == 100
    assert "for 100 s" in site.full_disk.over


def test_who_asked_it_to_leave_is_not_kept_waiting_and_learns_why_later_too(site) -> None:
    def write() -> None:
        raise FULL

    site.may_wait = False
    with pytest.raises(OutOfRoom, match="there is no room in"):
        site.full_disk.hold(write)
    assert site.now == 0
    site.now = 1000
    assert site.full_disk.over.startswith("there is no room in")


def test_any_other_error_is_no_full_disk(site) -> None:
    def write() -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(PermissionError):
        site.full_disk.hold(write)
    assert site.said == []


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
    monkeypatch.setattr(full_disk.shutil, "disk_usage", lambda _: disk)
    assert is_storages(reason, Path("/shared/lethe")) is storages


def test_space_sources_ask_all_that_can_make_room_and_before_there_is_any_nobody() -> None:
    space_sources, asked = SpaceSources(), []
    space_sources("full")
    space_sources.add(lambda reason: asked.append(("first", reason)))
    space_sources.add(lambda reason: asked.append(("second", reason)))
    space_sources("full again")
    assert asked == [("first", "full again"), ("second", "full again")]

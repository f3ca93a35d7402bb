"""Who drives a sweep at a URL is known there, and a dead driver refuses nobody for long."""

import json
import os
import socket
import time

import pytest

from evals.errors import ConfigError
from orchestrator.remote.heartbeat import DEAD_S, Heartbeat
from orchestrator.remote.url_file_system import Unreachable
from orchestrator.storage.files import DRIVER_FILE, sweep_path

FILE = sweep_path("demo", DRIVER_FILE)


class Place:
    """A URL with nothing but files; away while `away`."""

    url = "s3://bucket/lethe"
    away = False

    def __init__(self, text: bytes | None = None) -> None:
        self.files = {} if text is None else {FILE: text}
        self.written = 0

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write(self, path: str, text: bytes) -> None:
        if self.away:
            raise Unreachable("away")
        self.files[path] = text
        self.written += 1


def sign(*, age_s: float, pid: int, host: str = "") -> bytes:
    said = {"host": host or socket.gethostname(), "pid": pid, "at": 1000 - age_s, "over": False}
    return json.dumps(said).encode()


def heart(place: Place, every_s: float = 1000) -> Heartbeat:
    return Heartbeat(place, "demo", every_s=every_s, now=lambda: 1000.0)


def started(place: Place) -> bool:
    made = heart(place)
    made.start()
    made.end()
    return place.written == 1


def test_another_driver_that_was_heard_of_is_refused_on_this_host_and_elsewhere() -> None:
    for text in (sign(age_s=200, pid=os.getppid()), sign(age_s=200, pid=7, host="elsewhere")):
        with pytest.raises(ConfigError, match=r"is driven by process \d+ on .* 200 s ago"):
            started(Place(text))


def test_one_whose_number_another_process_has_by_now_is_dead_after_a_while() -> None:
    assert started(Place(sign(age_s=DEAD_S, pid=os.getppid())))
    assert started(Place(sign(age_s=DEAD_S, pid=7, host="elsewhere")))


def test_one_that_is_gone_from_this_host_is_dead_at_once() -> None:
    assert started(Place(sign(age_s=1, pid=2**22 + 1)))
    assert started(Place(sign(age_s=1, pid=os.getpid())))


@pytest.mark.parametrize("text", [b"", b'{"host": "x', b"{}", b"[]", b"\xff", b'{"pid": "x"}'])
def test_a_damaged_sign_of_life_counts_as_none(text: bytes) -> None:
    assert started(Place(text))


def test_signs_go_on_after_the_url_was_away_until_the_end() -> None:
    place = Place()
    made = heart(place, every_s=0.01)
    made.start()
    place.away = True
    time.sleep(0.05)
    place.away, before = False, place.written
    deadline = time.monotonic() + 10
    while place.written < before + 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert place.written >= before + 3
    made.end()
    made.beat(over=True)
    assert json.loads(place.files[FILE])["over"]

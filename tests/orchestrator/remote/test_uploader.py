"""What cannot be brought to a URL holds up nothing else, and no upload passes for a death."""

import threading
import time

from orchestrator.remote import uploader
from orchestrator.remote.uploader import Uploader
from orchestrator.remote.url_file_system import Unreachable
from orchestrator.storage.files import DRIVER_FILE


class Site:
    """Stands for a mirror: jobs named "bad" cannot be brought, "large" ones wait for `gate`."""

    url = "s3://bucket/lethe"

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.sweeps = self.signs = 0
        self.bad: Exception | None = FileNotFoundError("jobs/bad")
        self.gate = threading.Event()

    def missing(self) -> list[str]:
        return []

    def read(self, path: str) -> None:
        assert path.endswith(DRIVER_FILE)

    def write(self, path: str, text: bytes) -> None:
        assert path.endswith(DRIVER_FILE)
        assert text
        self.signs += 1

    def push_job(self, job_hash: str) -> None:
        if job_hash.startswith("bad") and self.bad is not None:
            raise self.bad
        if job_hash == "large":
            assert self.gate.wait(30)
        self.jobs.append(job_hash)

    def push_sweep(self, name: str) -> None:
        assert name == "demo"
        self.sweeps += 1


def until(holds) -> bool:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def test_an_errand_that_cannot_be_done_holds_up_no_other_one_and_is_tried_again() -> None:
    site, said = Site(), []
    going = Uploader(site, "demo", say=said.append, every_s=0.02)
    for job in ("bad1", "bad2", "good", "bad3", "better", "best"):
        going.job(job)
    assert until(lambda: set(site.jobs) == {"good", "better", "best"})
    assert until(lambda: site.sweeps >= 2)
    site.bad = Unreachable("too large")
    assert until(lambda: len(said) == 1)
    site.bad = None
    assert going.close() is None
    assert sorted(site.jobs) == ["bad1", "bad2", "bad3", "best", "better", "good"]


def test_what_can_never_be_brought_is_complained_of_at_the_end(monkeypatch) -> None:
    monkeypatch.setattr(uploader.time, "sleep", lambda _: None)
    site = Site()
    going = Uploader(site, "demo", say=print, every_s=0.02)
    going.job("bad")
    going.job("good")
    complaint = going.close()
    assert complaint.startswith("not everything has reached s3://bucket/lethe (jobs/bad); run the")
    assert site.jobs == ["good"]


def test_signs_of_life_go_on_while_something_large_is_brought() -> None:
    site = Site()
    going = Uploader(site, "demo", say=print, every_s=0.01)
    going.job("large")
    time.sleep(0.05)
    before = site.signs
    assert until(lambda: site.signs >= before + 5)
    assert site.jobs == []
    site.gate.set()
    assert going.close() is None
    assert site.jobs == ["large"]
    last = site.signs
    time.sleep(0.05)
    assert site.signs == last

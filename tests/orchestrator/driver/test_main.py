"""What a sweep writes down is written before whatever takes it elsewhere is closed."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

import orchestrator.running.scheduler
from evals.building import build_benchmark
from orchestrator.config.loading import load_config
from orchestrator.driver import main
from orchestrator.driver import run as run_module
from orchestrator.driver.context import SweepContext
from orchestrator.driver.run import SweepRun
from orchestrator.driver.signals import StopSignals
from orchestrator.driver.start import open_sweep
from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.planning.plan import plan
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State

SMALL = ("benchmark.num_people=6", "benchmark.forget_people=2", "methods=[npo]")


class Closing:
    """Stands for a search and a uploader, and notes in `events` what is done to them."""

    def __init__(self, events: list[str], name: str) -> None:
        self._events, self._name = events, name

    def job(self, job_hash: str) -> None:
        self._events.append(f"{self._name} job")

    def close(self) -> None:
        self._events.append(f"{self._name} closed")


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def sweep(tmp_path: Path, events: list[str], monkeypatch: pytest.MonkeyPatch) -> SweepContext:
    config = load_config(None, [f"storage={tmp_path}", *SMALL])
    storage = Storage(config.folder)
    search = Closing(events, "search")
    monkeypatch.setattr(run_module, "open_searches", lambda *_, **__: {"npo": search})
    monkeypatch.setattr(SweepRun, "summarise", lambda _: events.append("summary"))
    tracker = SimpleNamespace(close=lambda **_: events.append("tracker closed"))
    return open_sweep(
        plan(config, build_benchmark(config.benchmark), storage=storage),
        storage,
        tracker=tracker,
        uploader=Closing(events, "uploader"),
        signals=StopSignals(),
    )


def running(monkeypatch: pytest.MonkeyPatch, run) -> StopSignals:
    """Has `run(queue, stop)` take Ray's place."""

    def run_queue(queue, gang, *, monitor, **_: object) -> None:
        run(queue, monitor)

    monkeypatch.setattr(orchestrator.running.scheduler, "run_queue", run_queue)
    signals = StopSignals()
    monkeypatch.setattr(signals, "deferred", contextmanager(lambda: (yield)))
    return signals


def test_who_leaves_writes_tables_and_searches_before_the_uploader_is_closed(
    sweep, events, monkeypatch
) -> None:
    def run(_queue, stop) -> None:
        signals.wished = True
        stop.look()

    signals = running(monkeypatch, run)
    assert main._run(sweep, signals) == main.INTERRUPTED
    assert events[:4] == ["search closed", "summary", "tracker closed", "uploader closed"]
    assert "summary" not in events[4:]


def test_a_wish_that_comes_when_the_last_job_has_ended_is_no_end_of_the_sweep(
    sweep, events, monkeypatch
) -> None:
    def run(_queue, _stop) -> None:
        signals.wished = True

    signals = running(monkeypatch, run)
    assert main._run(sweep, signals) == main.INTERRUPTED
    assert events[:3] == ["search closed", "summary", "tracker closed"]


def test_a_full_disk_keeps_the_tables_but_not_who_leaves(sweep, events, monkeypatch) -> None:
    def run(_queue, stop) -> None:
        signals.wished = True
        stop.look()

    def full(*_: object, **__: object) -> None:
        raise OutOfRoom("no room")

    signals = running(monkeypatch, run)
    monkeypatch.setattr(SweepRun, "summarise", full)
    assert main._run(sweep, signals) == main.INTERRUPTED
    assert "uploader closed" in events


def test_a_baseline_is_given_to_the_uploader_without_waiting_for_the_other_one(
    sweep, events, monkeypatch
) -> None:
    def run(queue, stop) -> None:
        job = queue.next().job
        done = Result(job, State.DONE, "", {}, {}, 1.0, (), 0.0)
        sweep.storage.commit(done, sweep.storage.begin(job), None)
        queue.finish(job, error="")
        assert events == ["uploader job"]
        signals.wished = True
        stop.look()

    signals = running(monkeypatch, run)
    main._run(sweep, signals)
    assert "uploader job" in events

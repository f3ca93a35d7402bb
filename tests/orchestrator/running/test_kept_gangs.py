"""A pause keeps every gang, which Tune alone would not."""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray.tune.utils.object_cache import _ObjectCache

from orchestrator.config.gang import GangSettings
from orchestrator.running.kept_gangs import KeptGangs
from orchestrator.running.scheduler import run_queue
from tests.fixtures.tickets import List, ticket


class Tune:
    """Tune's own cache of idle trainables, of which two have trials that run."""

    running = ("gang", "gang")

    def __init__(self) -> None:
        self.cache: _ObjectCache[str, str] = _ObjectCache()

    def end(self, name: str) -> bool:
        """A trial ends; returns whether its trainable is still there at the end of Tune's step."""
        kept = self.cache.cache_object("gang", name)
        return kept and not list(self.cache.flush_cached_objects())


def test_tune_alone_would_end_a_gang() -> None:
    tune = Tune()
    assert [tune.end("first"), tune.end("second")] == [True, False]


def test_all_gangs_that_ran_are_there_until_each_is_used_again() -> None:
    tune, kept = Tune(), KeptGangs()
    for _ in range(3):
        kept.look(tune.cache, tune.running, paused=True)
    assert [tune.end("first"), tune.end("second")] == [True, True]
    kept.look(tune.cache, (), paused=False)
    assert tune.cache.pop_cached_object("gang") == "first"
    kept.look(tune.cache, (), paused=False)
    assert not list(tune.cache.flush_cached_objects()), "the other one is kept, too"
    assert kept.any
    assert tune.cache.pop_cached_object("gang") == "second"
    kept.look(tune.cache, (), paused=False)
    assert not kept.any
    assert tune.cache.total_max_objects == 0


def test_gangs_are_kept_while_others_run_that_the_next_jobs_wait_for() -> None:
    tune, kept = Tune(), KeptGangs()
    kept.look(tune.cache, tune.running, paused=False, waits=True)
    assert [tune.end("first"), tune.end("second")] == [True, True]
    for name in ("first", "second"):
        kept.look(tune.cache, (), paused=False)
        assert tune.cache.pop_cached_object("gang") == name
    kept.look(tune.cache, (), paused=False)
    assert tune.cache.total_max_objects == 0


def test_a_gang_that_waits_for_long_is_given_back() -> None:
    now = 0.0
    tune, kept = Tune(), KeptGangs(most_s=10.0, clock=lambda: now)
    kept.look(tune.cache, ("gang", "gang", "gang"), paused=False, waits=True)
    now = 100.0  # none has been idle for that long
    assert [tune.end("first"), tune.end("second")] == [True, True]
    kept.look(tune.cache, ("gang",), paused=False, waits=True)
    now = 109.0
    kept.look(tune.cache, ("gang",), paused=False, waits=True)
    assert list(tune.cache.flush_cached_objects()) == []
    now = 110.0
    kept.look(tune.cache, ("gang",), paused=False, waits=True)
    assert list(tune.cache.flush_cached_objects()) == ["first", "second"]
    assert tune.cache.total_max_objects == 0
    kept.look(tune.cache, ("gang",), paused=False)
    assert not kept.any


def test_the_next_wait_is_counted_from_its_own_begin() -> None:
    now = 0.0
    tune, kept = Tune(), KeptGangs(most_s=10.0, clock=lambda: now)
    kept.look(tune.cache, tune.running, paused=False, waits=True)
    assert tune.end("first")
    kept.look(tune.cache, ("gang",), paused=False, waits=True)
    now = 100.0
    kept.look(tune.cache, ("gang",), paused=False, waits=True)  # given back: idle for too long
    assert kept.any, "the end of this wait is to be seen"
    kept.look(tune.cache, tune.running, paused=False)
    tune.cache.cache_object("gang", "third")
    kept.look(tune.cache, ("gang", "gang"), paused=False, waits=True)
    assert tune.cache.total_max_objects == 2


def test_gangs_are_given_back_once_nothing_is_to_come() -> None:
    tune, kept = Tune(), KeptGangs()
    kept.look(tune.cache, tune.running, paused=False, waits=True)
    assert [tune.end("first"), tune.end("second")] == [True, True]
    kept.look(tune.cache, (), paused=False, over=True)
    assert not kept.any
    assert list(tune.cache.flush_cached_objects()) == ["first", "second"]


class Pausing(List):
    """Is paused from when two jobs run until Tune has been idle, with two more to come.

    It is the queue, and the one who looks on as well.
    """

    def __init__(self, pids: Path) -> None:
        super().__init__(*map(ticket, "abcd"))
        self.pids = pids
        self.idle_looks = 0

    @property
    def paused(self) -> bool:
        begun = self.pids.read_text().split() if self.pids.exists() else []
        return len(begun) == 2 and self.idle_looks < 3

    def next(self) -> SimpleNamespace | None:
        return None if self.paused else super().next()

    def withdraw(self, job: str) -> None:
        self.tickets.insert(0, ticket(job))

    def under_way(self) -> None:
        """Nothing is said of it."""

    def look(self) -> bool:
        self.idle_looks += self.paused and len(self.told) == 2
        return self.paused


@pytest.mark.ray
def test_tune_keeps_both_gangs_in_a_pause_and_looks_on_while_nothing_runs(
    embedded_ray, tmp_path, monkeypatch
) -> None:
    from ray import tune

    pids = tmp_path / "pids"

    class Job(tune.Trainable):
        """Stands for a trainable with its gang: says which process it is."""

        def step(self) -> dict[str, object]:
            with pids.open("a") as file:
                file.write(f"{os.getpid()}\n")
            end = time.monotonic() + 60
            while len(pids.read_text().split()) < 2 and time.monotonic() < end:
                time.sleep(0.1)  # both run at the same time
            return {"job_step": -1, "done": True}

        def reset_config(self, new_config: dict[str, object]) -> bool:
            return True

    monkeypatch.setattr("orchestrator.running.scheduler.JobTrainable", Job)
    queue = Pausing(pids)
    gang = GangSettings(ranks=1, cpus_per_rank=1)
    run_queue(queue, gang, folder=tmp_path, on_report=lambda *_: None, monitor=queue)
    assert sorted(job for job, _ in queue.told) == ["a", "b", "c", "d"]
    first, second, *after = pids.read_text().split()
    assert first != second
    assert set(after) == {first, second}
    assert queue.idle_looks >= 3

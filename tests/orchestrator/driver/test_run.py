"""What a run of a sweep holds in memory is what its folder says, however it was gone on with."""

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import orchestrator.running.scheduler
from evals.building import build_benchmark
from evals.scores import ScoreSheet
from orchestrator.config.loading import load_config
from orchestrator.config.resume import write_config
from orchestrator.driver.run import SweepRun
from orchestrator.driver.signals import StopSignals
from orchestrator.driver.start import open_sweep
from orchestrator.planning.plan import plan
from orchestrator.reporting.sweep_record import SweepRecord, read_record
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.sheets import even_sheet
from trainers.job import Job, Phase

WORDS = (
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "methods=[ga,npo]",
    "search.trials=3",
    "search.sampler=random",
    "seed=0",
    "finalists.seeds=2",
    "evaluation.metrics=[retain,log_forget_quality]",
    "search.stopping=null",
)


class Sweep:
    """Runs a sweep again and again in one folder, by ranks that answer at once."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self.started: list[Job] = []
        self.failing: Callable[[Job], bool] = lambda job: False
        monkeypatch.setattr(orchestrator.running.scheduler, "run_queue", self._run_queue)

    def run(self, *words: str) -> SweepRecord:
        """Runs it to its end and returns what the run holds of it."""
        config = load_config(None, [f"storage={self._folder}", *WORDS, *words])
        self._benchmark = build_benchmark(config.benchmark)
        self._storage = Storage(config.folder)
        self.sweep = self._storage.sweep_folder(config.name)
        write_config(config, self.sweep)
        tracker = SimpleNamespace(
            log_entry=lambda *_, **__: None, log_attacks=lambda _: None, close=lambda **_: None
        )
        signals = StopSignals()
        signals.deferred = contextmanager(lambda: (yield))
        planned = plan(config, self._benchmark, storage=self._storage)
        opened = open_sweep(planned, self._storage, tracker=tracker, uploader=None, signals=signals)
        run = SweepRun(opened, signals)
        self.started = []
        run.run()
        assert run.complete
        opened.close(finished=True)
        return run.record()

    def read(self) -> SweepRecord:
        return read_record(str(self.sweep))

    def _run_queue(self, queue, gang, **_: object) -> None:
        while (ticket := queue.next()) is not None:
            job = ticket.job
            self.started.append(job)
            quality = -30.0 + 1e4 * job.training.lr + job.seed
            metrics = {"retain": 0.8, "log_forget_quality": quality}
            result = Result(job, State.DONE, "", metrics, {}, 2.0, (), 0.0, gold=ticket.gold or "")
            if self.failing(job):
                result = replace(result, state=State.FAILED, reason="the loss is nan", metrics={})
            sheet = None if result.state == State.FAILED else self._sheet(job)
            self._storage.commit(result, self._storage.begin(job), sheet)
            queue.finish(job, error="")

    def _sheet(self, job: Job) -> ScoreSheet:
        nll = 1.0 + 0.01 * job.seed + (job.phase == Phase.GOLD)
        return even_sheet(self._benchmark, nll=nll)


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sweep:
    monkeypatch.setattr("orchestrator.driver.run.publish", lambda *_, **__: [])
    return Sweep(tmp_path, monkeypatch)


def told(entries: Iterable) -> list[tuple[object, ...]]:
    """Returns what is to be equal, in an order of its own: found again, jobs come sorted."""
    rows = [(e.label, e.number, e.params, e.violations, e.result) for e in entries]
    return sorted(rows, key=lambda row: (row[0], row[1] is not None, row[1] or 0))


def check_alike(held: SweepRecord, read: SweepRecord) -> None:
    assert told(held.entries) == [
        (label, number, params or None, missed, result)
        for label, number, params, missed, result in told(read.entries)
    ]
    assert {(r.label, r.number, r.result.job.hash) for r in held.replicates} == {
        (r.label, r.number, r.result.job.hash) for r in read.replicates
    }
    assert held.gold_again == read.gold_again
    assert held.gaps == read.gaps
    assert held.reference == replace(read.reference, guard=held.reference.guard)


def test_a_run_and_its_folder_tell_the_same(sweep) -> None:
    held = sweep.run()
    assert len(held.replicates) == 4
    assert held.gaps == ()
    check_alike(held, sweep.read())


def test_a_run_that_finds_everything_tells_the_same(sweep) -> None:
    first = sweep.run()
    held = sweep.run()
    assert sweep.started == []
    check_alike(held, sweep.read())
    assert told(held.entries) == told(first.entries)


def test_a_sweep_with_more_trials_has_the_finalists_of_its_best_ones(sweep) -> None:
    before = {r.result.job.hash for r in sweep.run().replicates}
    held = sweep.run("search.trials=12")
    assert {r.result.job.hash for r in held.replicates} != before
    assert len(held.replicates) == 4
    check_alike(held, sweep.read())


@pytest.mark.parametrize(("seeds", "runs"), [(1, 2), (3, 6)])
def test_a_sweep_with_other_seeds_has_just_these(sweep, seeds, runs) -> None:
    sweep.run()
    held = sweep.run(f"finalists.seeds={seeds}")
    assert len(held.replicates) == runs
    check_alike(held, sweep.read())


def test_a_method_that_was_left_out_is_in_neither(sweep) -> None:
    sweep.run()
    held = sweep.run("methods=[npo]")
    assert {entry.label for entry in held.entries} == {"original", "gold", "npo"}
    check_alike(held, sweep.read())


def test_a_finalist_that_failed_is_a_gap_of_both(sweep) -> None:
    sweep.failing = lambda job: job.phase == Phase.TRIAL and job.seed == 2
    held = sweep.run()
    assert held.gaps == (
        "Runs of the finalist ga that failed: 1 (the loss is nan).",
        "Runs of the finalist npo that failed: 1 (the loss is nan).",
    )
    check_alike(held, sweep.read())


def test_a_second_gold_model_that_failed_is_a_gap_of_both(sweep) -> None:
    sweep.failing = lambda job: job.phase == Phase.GOLD and job.seed == 1
    held = sweep.run()
    (gap,) = held.gaps
    assert gap.startswith("The gold model under another seed failed: the loss is nan")
    check_alike(held, sweep.read())

"""A sweep of two methods whose jobs are run by fake ranks that answer at once."""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.scores import ScoreSheet
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.driver.callbacks import Callbacks, SweepCallback
from orchestrator.driver.control import Control
from orchestrator.driver.queue import Queue
from orchestrator.driver.stages.baselines import BaselineStage
from orchestrator.driver.stages.finalists import FinalistStage
from orchestrator.driver.stages.search import SearchStage, open_searches
from orchestrator.driver.stages.stage import StageContext
from orchestrator.jobs.ticket import Ticket
from orchestrator.limits.ledger import Ledger
from orchestrator.limits.steering import Steered
from orchestrator.planning.plan import plan
from orchestrator.results.entry import Entry
from orchestrator.storage.line_file import Wait, at_once
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.paths import SWEEP
from tests.fixtures.sheets import even_sheet
from trainers.job import Phase


class Recorder(SweepCallback):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.ended: list[Result] = []
        self.steered: list[Steered] = []

    def on_entry(self, entry: Entry, *, bounds: object) -> None:
        self.entries.append(entry)

    def on_steered(self, steered: Steered) -> None:
        self.steered.append(steered)

    def on_job_end(self, result: Result) -> None:
        self.ended.append(result)


class FakeSweep:
    """The queue of baselines and search, what it told of, and fake ranks that run its tickets."""

    def __init__(
        self,
        config: SweepConfig,
        benchmark: Benchmark,
        *,
        clock: Callable[[], float] = time.time,
        wait: Wait = at_once,
    ) -> None:
        self.storage = Storage(config.folder)
        self.benchmark = benchmark
        folder = self.storage.sweep_folder(config.name)
        self.searches = open_searches(config, folder, wait=wait)
        self.ledger = Ledger(folder, gang=config.gang, budget=config.budget, clock=clock)
        self.told = Recorder()
        planned = plan(config, benchmark, storage=self.storage)
        self.control = Control(
            config,
            self.ledger,
            self.searches,
            folder=folder,
            tell=self.told.on_steered,
            clock=itertools.count().__next__,
        )
        callbacks = Callbacks([self.told, self.control])
        context = StageContext(planned, self.storage, self.ledger, callbacks)
        self.baselines = BaselineStage(context)
        self.search = SearchStage(context, self.baselines, searches=self.searches)
        stages = [self.baselines, self.search]
        if config.finalists is not None:
            stages.append(FinalistStage(context, self.baselines, trials=self.search.entries))
        self.queue = Queue(stages, context)

    @property
    def entries(self) -> list[Entry]:
        return self.told.entries

    @property
    def trials(self) -> list[tuple[str, int]]:
        return [(e.label, e.number) for e in self.entries if e.number is not None]

    def run(
        self,
        ticket: Ticket,
        *,
        retain: float = 0.8,
        quality: float = -3.0,
        fails: str = "",
        nll: float = 1.0,
        by_chance: bool = False,
        stopped: bool = False,
        collapsed: bool = False,
    ) -> None:
        """Writes a result as a trainable would and tells the queue."""
        job = ticket.job
        metrics = {} if fails else {"retain": retain, "log_forget_quality": quality}
        state = State.FAILED if fails else State.DONE
        result = Result(job, state, fails, metrics, {}, 1.0, (), 0.0, by_chance)
        result = replace(result, gold=ticket.gold or "")
        if stopped:
            result = replace(result, stopped="stopped at step 2", guard=ticket.guard.hash)
        result = replace(result, collapsed=collapsed)
        sheet = None if fails else self.sheet(nll=nll)
        self.storage.commit(result, self.storage.begin(job), sheet)
        self.queue.finish(job, error="lost")

    def run_all(self, **how: object) -> list[Ticket]:
        tickets = []
        while (ticket := self.queue.next()) is not None:
            tickets.append(ticket)
            baseline = ticket.job.phase != Phase.TRIAL
            self.run(ticket, **({} if baseline else how))
        return tickets

    def past_baselines(self) -> "FakeSweep":
        self.run(self.queue.next())
        self.run(self.queue.next())
        return self

    def commit(self, ticket: Ticket) -> None:
        """Writes a result as a trainable would, with nobody left to be told."""
        metrics = {"retain": 0.8, "log_forget_quality": -3.0}
        result = Result(ticket.job, State.DONE, "", metrics, {}, 1.0, (), 0.0)
        self.storage.commit(result, self.storage.begin(ticket.job), self.sheet(nll=1.0))

    def sheet(self, *, nll: float) -> ScoreSheet:
        return even_sheet(self.benchmark, nll=nll)


class Clock:
    """Says the time that it is set to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def config(tmp_path) -> SweepConfig:
    overrides = [
        f"storage={tmp_path}",
        "methods=[ga,npo]",
        "search.trials=3",
        "search.sampler=random",
        "evaluation.metrics=[retain,log_forget_quality]",
        "benchmark.num_people=6",
        "benchmark.forget_people=2",
        "finalists=null",
    ]
    return load_config(SWEEP, overrides)


@pytest.fixture(scope="session")
def benchmark() -> Benchmark:
    return build_benchmark(
        load_config(None, ["benchmark.num_people=6", "benchmark.forget_people=2"]).benchmark
    )


@pytest.fixture
def begin() -> type[FakeSweep]:
    """Returns `begin(config, benchmark)`: the sweep as its process begins, or goes on with it."""
    return FakeSweep


@pytest.fixture
def clock() -> Clock:
    return Clock()

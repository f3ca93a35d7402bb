"""A sweep on many gangs, event by event: what waits for the driver, for the storage, or for jobs.

    driver    one thread: it gives out jobs one after another, and takes in what running ones say
    storage   one line: what gangs read before their first trial, and what jobs write
    MLflow    one thread in the background, which the sweep waits for at its end

A running gang says something every `beat_s`, and waits until that is taken in. With n of them that
is a closed queue of n customers with one server, whose mean times follow from each other (mean
value analysis, Reiser and Lavenberg 1980):

    R(n) = event_s (1 + Q(n-1))     X(n) = n / (beat_s + R(n))     Q(n) = X(n) R(n)
"""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Costs:
    """What a job costs beside its training and evaluation, in seconds."""

    start_s: float
    """From the sweep's start to its first job."""
    gang_s: float
    """A gang's start: processes, imports, process group, model and engine."""
    trial_s: float
    """A job in a warm gang."""
    job_s: float
    """The driver's work for a job: scheduler, study, ledger, members, storage."""
    suggest_s: float
    """The driver's work for what to try next."""
    event_s: float
    """The driver's work for a report or a sign of life."""
    mlflow_s: float
    """A job's records in MLflow, in the background."""
    report_s: float
    """A job's part of the report at the end."""
    beat_s: float = 2.0
    """Between two signs of life of a running job."""
    storage_bytes_s: float = 1e9
    """What the storage folder gives and takes, all nodes together."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Jobs that may all run at once, by the seconds of gang that each takes.

    For each that is `searched` the driver first works out what to try.
    """

    name: str
    jobs: tuple[float, ...]
    searched: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """Stages, each begun when everything before it has ended, and what jobs read and leave."""

    stages: tuple[Stage, ...]
    model_bytes: float = 0.0
    adapter_bytes: float = 0.0

    @property
    def work_s(self) -> float:
        """Seconds of gang of all jobs together."""
        return sum(chain.from_iterable(stage.jobs for stage in self.stages))


@dataclass(slots=True)
class Waits:
    """Seconds of gang that were lost, by what they were lost to."""

    driver_s: float = 0.0
    storage_s: float = 0.0
    starts_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How long a sweep took from start to report, and what became of the gangs' time.

    `driver` and `mlflow` are shares of the time in which jobs ran that these were busy, `backlog_s`
    what MLflow still had to write then.
    """

    makespan_s: float
    work_s: float
    waits: Waits
    num_gangs: int
    driver: float
    mlflow: float
    backlog_s: float

    @property
    def use(self) -> float:
        """The share of the gangs' time in which they trained or evaluated."""
        return self.work_s / self.gangs_s

    @property
    def gangs_s(self) -> float:
        """All of the gangs' time."""
        return self.num_gangs * self.makespan_s

    @property
    def idle_s(self) -> float:
        """The time for which there was no job for a gang."""
        waits = self.waits
        return self.gangs_s - self.work_s - waits.driver_s - waits.storage_s - waits.starts_s


@dataclass(slots=True)
class Server:
    """Does one thing after another."""

    free_at: float = 0.0
    busy_s: float = 0.0

    def serve(self, at: float, seconds: float) -> float:
        """Returns when that is done which comes `at` a time and takes so long."""
        self.free_at = max(self.free_at, at) + seconds
        self.busy_s += seconds
        return self.free_at


@dataclass(frozen=True, slots=True)
class Talk:
    """What `num_running` gangs' signs of life come to: how much longer all takes, and the driver's
    share of time that they take.
    """

    slower: float
    load: float

    @classmethod
    def of(cls, num_running: int, costs: Costs) -> "Talk":
        """Returns the means of the closed queue."""
        queue = answer_s = rate = 0.0
        for customers in range(1, num_running + 1):
            answer_s = costs.event_s * (1 + queue)
            rate = customers / (costs.beat_s + answer_s)
            queue = rate * answer_s
        return cls((costs.beat_s + answer_s) / costs.beat_s, min(rate * costs.event_s, MOST_LOAD))


MOST_LOAD = 0.99
"""Of the driver by signs of life: beyond that jobs would never be given out."""


class Simulation:
    """A sweep that is under way on `num_gangs`."""

    def __init__(self, sweep: Sweep, costs: Costs, num_gangs: int) -> None:
        self._sweep, self._costs, self._num_gangs = sweep, costs, num_gangs
        self._driver, self._storage, self._mlflow = Server(), Server(), Server()
        self._waits = Waits()
        self._talked_s = 0.0
        self._formed: set[int] = set()
        self._now = costs.start_s

    def run(self) -> Outcome:
        """Returns what comes of it."""
        costs, sweep = self._costs, self._sweep
        for stage in sweep.stages:
            self._run(stage)
        num_jobs = sum(len(stage.jobs) for stage in sweep.stages)
        ran_s = self._now - costs.start_s
        end = max(self._now + costs.report_s * num_jobs, self._mlflow.free_at)
        return Outcome(
            end,
            sweep.work_s,
            self._waits,
            self._num_gangs,
            driver=(self._driver.busy_s + self._talked_s) / ran_s,
            mlflow=self._mlflow.busy_s / ran_s,
            backlog_s=max(0.0, self._mlflow.free_at - self._now),
        )

    def _run(self, stage: Stage) -> None:
        """Runs a stage's jobs, which are taken in their order, until the last one has ended."""
        begun, jobs = self._now, deque(stage.jobs)
        running = min(self._num_gangs, len(jobs))
        talk = Talk.of(running, self._costs)
        gangs = [self._gang(gang, jobs, stage, talk) for gang in range(running)]
        events = [(begun, gang) for gang in range(running)]
        while events:
            self._now, gang = heapq.heappop(events)
            at = next(gangs[gang], None)
            if at is not None:
                heapq.heappush(events, (at, gang))
        self._talked_s += talk.load * (self._now - begun)

    def _gang(self, gang: int, jobs: deque[float], stage: Stage, talk: Talk) -> Iterator[float]:
        """Takes one job after another; yields when it is to be heard of again."""
        costs, sweep, waits = self._costs, self._sweep, self._waits
        while jobs:
            work_s, at = jobs.popleft(), self._now
            driver_s = costs.job_s + costs.suggest_s * stage.searched
            yield self._driver.serve(at, driver_s) + driver_s * talk.load / (1 - talk.load)
            waits.driver_s += self._now - at
            start_s = costs.trial_s if gang in self._formed else costs.gang_s
            waits.starts_s += start_s
            yield self._now + start_s
            if gang not in self._formed:
                self._formed.add(gang)
                yield from self._moved(sweep.model_bytes)
            yield self._now + work_s * talk.slower
            waits.driver_s += work_s * (talk.slower - 1)
            yield from self._moved(sweep.adapter_bytes)
            self._mlflow.serve(self._now, costs.mlflow_s)

    def _moved(self, size: float) -> Iterator[float]:
        """Yields when so many bytes have gone to the storage folder, or come from there."""
        at = self._now
        yield self._storage.serve(at, size / self._costs.storage_bytes_s)
        self._waits.storage_s += self._now - at


def simulated(sweep: Sweep, costs: Costs, num_gangs: int) -> Outcome:
    """Returns what comes of a sweep on so many gangs."""
    return Simulation(sweep, costs, num_gangs).run()

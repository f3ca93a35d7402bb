"""Overhead of a trial in a warm gang against a trial in fresh rank processes; see README.md.

    overhead of a trial = time from the end of the trial before it to its own end
                          - its training - its evaluation

Both kinds run the same jobs by a sweep's own path, on one embedded Ray, one after the other.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import ray
from machine import setting, table

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from orchestrator.config.gang import GangSettings
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, starting_weights, trial_job
from orchestrator.jobs.ticket import Ticket
from orchestrator.running.ray_connection import connect
from orchestrator.running.scheduler import run_queue
from orchestrator.storage.records import Storage
from orchestrator.storage.result import State
from trainers.family import build_family
from trainers.job import Job, Report

GOAL_RATIO = 0.1
GOAL_WARM_S = 0.5
LEARNING_RATES = (1e-4, 1e-3)


class TicketList:
    """Gives out tickets in order and notes when each job ended."""

    def __init__(self, tickets: Sequence[Ticket]) -> None:
        self._waiting = deque(tickets)
        self.ends_s: dict[str, float] = {}

    @property
    def finished(self) -> bool:
        """Whether every ticket has been given out."""
        return not self._waiting

    def next(self) -> Ticket | None:
        """Returns the next ticket, None after the last."""
        return self._waiting.popleft() if self._waiting else None

    def finish(self, job: Job, *, error: str) -> None:  # noqa: ARG002  # its result says why
        """Notes the time."""
        self.ends_s[job.hash] = time.perf_counter()

    def withdraw(self, job: Job) -> None:
        """Fails: only a monitor has jobs withdrawn, and there is none."""
        raise AssertionError(f"the job {job.hash} was withdrawn")


@dataclass(frozen=True, slots=True)
class Timing:
    """One trial: its training and evaluation, and everything else until its end."""

    work_s: float
    overhead_s: float


class Bench:
    """A tiny sweep's jobs, run as a sweep runs them in `storage`."""

    def __init__(self, config: SweepConfig, gang: GangSettings) -> None:
        self._config = config
        self._gang = gang
        self._storage = Storage(config.folder)
        self._benchmark: Benchmark = build_benchmark(config.benchmark)
        weights = starting_weights(config, build_family(config.model))
        self._original = original_job(config, self._benchmark, weights=weights)
        self._gold = gold_job(config, self._benchmark, weights=weights)

    def make_baselines(self) -> None:
        """Makes the models that trials start from and are compared with."""
        jobs = (self._gold, self._original)
        root = str(self._storage.root)
        tickets = [Ticket(job=job, storage=root, gang=self._gang) for job in jobs]
        self._run(tickets, "baselines")

    def measure(self, num_trials: int, *, recycle_after: int) -> list[Timing]:
        """Runs a first trial, which forms the gang, and times `num_trials` that follow it."""
        gang = self._gang.model_copy(update={"recycle_after": recycle_after})
        tickets = [
            Ticket(
                job=job,
                storage=str(self._storage.root),
                gang=gang,
                base=str(self._storage.model_folder(self._original)),
                gold=self._gold.hash,
            )
            for job in self._trials(1 + num_trials)
        ]
        ends_s = self._run(tickets, f"recycle-after-{recycle_after}")
        timings = [
            self._timing(ticket.job, ends_s[ticket.job.hash] - ends_s[before.job.hash])
            for before, ticket in zip(tickets, tickets[1:], strict=False)
        ]
        for ticket in tickets:  # so that the next gang runs the same jobs instead of finding them
            shutil.rmtree(self._storage.job_folder(ticket.job.hash))
        return timings

    def _trials(self, count: int) -> list[Job]:
        """Returns `count` trials; the first ones are the same whatever `count` is."""
        (label,) = self._config.methods
        rates = np.random.default_rng(0).uniform(*LEARNING_RATES, size=count).tolist()
        return [
            trial_job(
                self._config,
                self._benchmark,
                label=label,
                params={"lr": rate},
                original=self._original,
            )
            for rate in rates
        ]

    def _run(self, tickets: Sequence[Ticket], name: str) -> dict[str, float]:
        """Runs the tickets to their end and returns when each of them ended, by job hash."""
        tickets_left = TicketList(tickets)
        folder = self._storage.sweep_folder(name)
        run_queue(tickets_left, self._gang, folder=folder, on_report=_ignore)
        for ticket in tickets:
            result = self._storage.find(ticket.job)
            if result is None or result.state == State.FAILED:
                raise SystemExit(f"a job failed: {result and result.reason}")
        return tickets_left.ends_s

    def _timing(self, job: Job, whole_s: float) -> Timing:
        result = self._storage.find(job)
        assert result is not None
        work_s = result.facts["train_s"] + result.facts["eval_s"]
        return Timing(work_s, whole_s - work_s)


def _ignore(job: Job, report: Report) -> None:
    """Looks at no report."""


def main() -> None:
    options = _parser().parse_args()
    os.environ.pop("RAY_ADDRESS", None)  # an embedded Ray, whatever cluster is at hand
    print(setting("lethe", "ray", "torch", "deepspeed", "transformers"), flush=True)
    with tempfile.TemporaryDirectory(prefix="lethe-") as folder:
        config = _config(options, Path(folder))
        connect(config.gang)
        bench = Bench(config, _whole_machine(config.gang))
        print("making the baselines ...", flush=True)
        bench.make_baselines()
        print(f"{options.trials} warm trials ...", flush=True)
        warm = bench.measure(options.trials, recycle_after=options.trials + 2)
        print(f"{options.fresh} trials in fresh processes ...", flush=True)
        fresh = bench.measure(options.fresh, recycle_after=1)
        ray.shutdown()
    print(report(warm, fresh))


def report(warm: Sequence[Timing], fresh: Sequence[Timing]) -> str:
    """Returns the table, the ratio of the medians and what was aimed at."""
    ratio = _median(warm) / _median(fresh)
    slowest = max(timing.overhead_s for timing in warm)
    met = ratio <= GOAL_RATIO and slowest < GOAL_WARM_S
    head = ["trials in", "number", "median s", "min s", "max s", "training + evaluation s"]
    rows = [_row("a warm gang", warm), _row("fresh processes", fresh)]
    return "\n".join(
        [
            "",
            "Overhead of a trial: its wall time less training and evaluation",
            "",
            table(head, rows),
            "",
            f"warm / fresh, medians: {ratio:.3f} (goal: {GOAL_RATIO:g} or less)",
            f"slowest warm trial: {slowest:.2f} s (goal: under {GOAL_WARM_S:g} s)",
            f"goal met: {'yes' if met else 'no'}",
        ]
    )


def _row(name: str, timings: Sequence[Timing]) -> list[str]:
    overheads = [timing.overhead_s for timing in timings]
    numbers = [_median(timings), min(overheads), max(overheads)]
    work_s = statistics.median(timing.work_s for timing in timings)
    return [name, str(len(timings)), *(f"{number:.2f}" for number in numbers), f"{work_s:.2f}"]


def _median(timings: Sequence[Timing]) -> float:
    return statistics.median(timing.overhead_s for timing in timings)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Overhead of a trial, warm against fresh.")
    parser.add_argument("--trials", type=int, default=8, help="warm trials that are timed")
    parser.add_argument("--fresh", type=int, default=4, help="trials in fresh processes")
    parser.add_argument("--ranks", type=int, default=2, help="ranks of a gang")
    parser.add_argument("--zero-stage", type=int, default=2, choices=range(4))
    return parser


def _config(options: argparse.Namespace, folder: Path) -> SweepConfig:
    """Returns the offline demo, made smaller: the work is subtracted, so its size is no matter."""
    overrides = [
        f"storage={folder}",
        f"gang.ranks={options.ranks}",
        f"engine.zero_stage={options.zero_stage}",
        "benchmark.num_people=6",
        "benchmark.forget_people=2",
        "benchmark.holdout_people=1",
        "model.hidden_size=64",
        "model.num_layers=2",
        f"baselines.training.batch_size={4 * options.ranks}",
        "baselines.training.micro_batch_size=4",
        "baselines.training.epochs=2",
        f"training.batch_size={4 * options.ranks}",
        "training.micro_batch_size=4",
        "training.epochs=2",
        "evaluation.metrics=[retain,log_forget_quality]",
        "methods=[npo]",
        "search.l1=null",
    ]
    return load_config(None, overrides)


def _whole_machine(gang: GangSettings) -> GangSettings:
    """Returns `gang` with so many processors that no second one fits beside it.

    Two gangs at once would make the time between two ends of trials meaningless.
    """
    cpus_per_rank = ray.cluster_resources()["CPU"] // gang.ranks
    return gang.model_copy(update={"cpus_per_rank": cpus_per_rank})


if __name__ == "__main__":
    main()

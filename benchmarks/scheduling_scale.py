"""What a job costs when it does nothing, in sweeps of 100 and of 1000 jobs; see README.md.

Each sweep is a whole one, by `orchestrator.sweep`'s own path (Tune, Optuna, storage, ledger,
MLflow), in a process of its own. Only the ranks are fakes: they answer every task at once, with
scores that depend on the job.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import numpy as np
from machine import setting, table

from cluster.warm_gang import WarmGang
from evals.building import build_benchmark
from evals.choice import Choice
from evals.scores import ScoreSheet
from evals.selection import selected_tasks
from evals.settings import EvaluationSettings
from evals.text.example import Task as Questions
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.config.loading import load_config
from orchestrator.driver import main as driver
from orchestrator.driver import start
from orchestrator.driver.program import DONE
from orchestrator.driver.progress import Progress
from orchestrator.driver.signals import StopSignals
from orchestrator.results.entry import Entry
from orchestrator.running import scheduler
from orchestrator.running.trainable import JobTrainable
from orchestrator.searching.constraints import Bound
from trainers.job import MODEL, Job, Outcome, Phase, Report
from trainers.rank_task import RankTask

GOAL_S = 0.1
GOAL_GIB = 1.5
GOAL_GROWTH = 2.0
METHODS = ("retain_ft", "ga", "gd", "kl", "idk", "dpo", "npo", "scrub", "llmu", "simnpo")


class IdleRank:
    """Answers as `cluster.rank.Rank` does, and trains nothing."""

    num_reports = 1

    def __init__(self, rank: int, world: int, num_threads: int) -> None:
        del rank, world, num_threads
        self._task: RankTask | None = None
        self._step = 0

    def address(self) -> tuple[str, int]:
        """Returns an address that nobody will use."""
        return "127.0.0.1", 0

    def join(self, address: str, port: int, timeout_s: float, interface: str | None) -> None:
        """Joins nothing."""

    def pid(self) -> int:
        """Returns this process's id."""
        return os.getpid()

    def start(self, task: RankTask) -> None:
        """Takes up a job."""
        self._task, self._step = task, 0

    def memory_bytes(self) -> int:
        """Returns this process's peak memory."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def advance(self) -> Report | Outcome:
        """Reports so often, and then that all is done."""
        assert self._task is not None
        if self._step < self.num_reports:
            self._step += 1
            figures = {"loss": 1.0, "lr": self._task.job.training.lr}
            return Report(self._step, self.num_reports, figures)
        if self._task.job.phase != Phase.TRIAL:
            (self._task.folder / MODEL).mkdir()
        return Outcome(_scores(self._task.job), {"steps": 1.0, "train_s": 0.0, "moved": 1.0})


def _scores(job: Job) -> ScoreSheet:
    """Returns what a model might have said, drawn by the job's hash."""
    rng = np.random.default_rng(int(job.hash, 16))
    chosen = selected_tasks(_benchmark(job.benchmark), job.evaluation)
    tasks = cast(Sequence[Questions], chosen)
    return ScoreSheet(
        tuple(
            TaskScores(
                task.name,
                task.role,
                task.probability,
                tuple(
                    ItemScore(e.id, e.answer, *_answers(rng, len(e.perturbed)), (), ())
                    for e in sorted(task.examples, key=lambda each: each.id)
                ),
            )
            for task in tasks
        )
    )


_BUILT: dict[str, Any] = {}


def _benchmark(choice: Choice) -> Any:
    key = choice.model_dump_json()
    if key not in _BUILT:
        _BUILT[key] = build_benchmark(choice)
    return _BUILT[key]


def _answers(
    rng: np.random.Generator, num_wrong: int
) -> tuple[AnswerScore, AnswerScore, tuple[AnswerScore, ...]]:
    nlls = rng.uniform(1, 30, 2 + num_wrong).tolist()
    first, second, *wrong = (AnswerScore(nll, 10) for nll in nlls)
    return first, second, tuple(wrong)


class IdleTrainable(JobTrainable):
    """A trainable whose gang is of idle ranks."""

    def setup(self, config: dict[str, Any]) -> None:
        """Takes the first ticket, with another kind of rank."""
        super().setup(config)
        self._warm = WarmGang(IdleRank)
        self._take(config)


class Clock(Progress):
    """Notes when each entry came, and what CPU time this process had used by then."""

    ends_s: list[float] = []
    cpu_s: list[float] = []

    def on_entry(self, entry: Entry, *, bounds: Sequence[Bound]) -> None:
        """Notes the times."""
        super().on_entry(entry, bounds=bounds)
        if entry.number is not None:
            self.ends_s.append(time.perf_counter())
            self.cpu_s.append(time.process_time())


def main() -> None:
    options = _parser().parse_args()
    if options.run:
        IdleRank.num_reports = options.reports
        _run(options)
        return
    print(setting("lethe", "ray", "optuna", "mlflow"), flush=True)
    rows, costs = [], []
    for jobs in options.jobs:
        command = [sys.executable, __file__, f"--run={jobs}", f"--sampler={options.sampler}"]
        command += [f"--reports={options.reports}", f"--gangs={options.gangs}"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        costs.append(found["job_s"])
        figures = [f"{found[k]:.3f}" for k in ("job_s", "last_tenth_s", "whole_s", "driver_gib")]
        rows.append([str(jobs), *figures])
        print(f"{jobs} jobs: {found}", flush=True)
    head = ["jobs", "s a job", "s a job, last tenth", "s a job, start and end too", "driver GiB"]
    print(f"\nSampler: {options.sampler}\n")
    print(table(head, rows))
    growth = costs[-1] / costs[0]
    met = costs[-1] <= GOAL_S and found["driver_gib"] <= GOAL_GIB and growth <= GOAL_GROWTH
    print(f"\nA job of the largest sweep costs {growth:.2f} x one of the smallest.")
    print(f"Goals ({GOAL_S} s, {GOAL_GIB} GiB, {GOAL_GROWTH:g} x): {'met' if met else 'MISSED'}")


def _run(options: argparse.Namespace) -> None:
    """Runs one sweep and prints its figures as the last line."""
    jobs = options.run
    with (
        patch.object(start, "Progress", Clock),
        patch.object(scheduler, "JobTrainable", IdleTrainable),
        tempfile.TemporaryDirectory() as name,
    ):
        config = load_config(None, _overrides(options, Path(name)))
        started = time.perf_counter()
        code = driver.conduct(config, StopSignals())
        whole_s = time.perf_counter() - started
    assert code in (DONE, driver.NOTHING_FEASIBLE), code
    ends_s = Clock.ends_s
    assert len(ends_s) == jobs, len(ends_s)
    tenth = ends_s[-max(2, jobs // 10) :]
    figures = {
        "job_s": (ends_s[-1] - ends_s[0]) / (jobs - 1),
        "last_tenth_s": (tenth[-1] - tenth[0]) / (len(tenth) - 1),
        "whole_s": whole_s / jobs,
        "driver_cpu_s": (Clock.cpu_s[-1] - Clock.cpu_s[0]) / (jobs - 1),
        "driver_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    print(json.dumps(figures))


def _overrides(options: argparse.Namespace, folder: Path) -> list[str]:
    metrics = ",".join(m for m in EvaluationSettings().metrics if m != "forget")
    return [
        f"storage={folder}",
        f"methods=[{','.join(METHODS)}]",
        f"search.trials={options.run // len(METHODS)}",
        f"search.sampler={options.sampler}",
        "finalists=null",
        f"evaluation.metrics=[{metrics}]",
        "benchmark.num_people=8",
        "benchmark.forget_people=2",
        "gang.ranks=1",
        f"gang.cpus_per_rank={len(os.sched_getaffinity(0)) / options.gangs:g}",
        "gang.recycle_after=100000",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="What jobs that do nothing cost, in sweeps of several sizes.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--jobs", type=int, nargs="+", default=[100, 1000], help="sizes, multiples of 10"
    )
    parser.add_argument("--sampler", default="random", help="random, gp, tpe or grid")
    parser.add_argument("--reports", type=int, default=1, help="of each job before it ends")
    parser.add_argument("--gangs", type=int, default=2, help="side by side")
    parser.add_argument("--run", type=int, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()

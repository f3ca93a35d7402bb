"""Records how the retain metric goes during real trials, as the guard's probes read it.

Trains the two baselines of a config, then every method at `--rates` learning rates with probes
that never stop anything, one rank in this process, and writes one CSV line per probe, and one per
trial for its end (error 0, with its objective). `floor_stopping.py` replays them.
"""

import argparse
import csv
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch.distributed as dist
from torch._C._distributed_c10d import HashStore  # where its types are

from evals.building import build_benchmark
from evals.measure import measure
from evals.scores import ScoreSheet
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import gold_job, original_job, starting_weights, trial_job
from trainers.distributed import Place
from trainers.early_stopping import Guard, Limit
from trainers.family import build_family
from trainers.job import MODEL, Job, Outcome, Report, TrialFailure
from trainers.rank_task import RankTask
from trainers.run import run
from trainers.warm_state import WarmState

METRIC = "retain"
NEVER = 10**9
"""A patience that outlasts any training."""


@dataclass(frozen=True, slots=True)
class Line:
    """One reading of one trial; at step `num_steps`, what was measured at its end."""

    method: str
    lr: float
    seed: int
    step: int
    num_steps: int
    whole: float
    value: float
    error: float
    objective: float | None = None


def read(file: Path) -> list[Line]:
    """Returns the lines of a recording."""
    kinds = {field.name: field.type for field in fields(Line)}
    with file.open(encoding="utf-8", newline="") as stream:
        return [Line(**{k: _value(v, kinds[k]) for k, v in row.items()}) for row in _rows(stream)]


def _rows(stream: Iterable[str]) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(line for line in stream if not line.startswith("#"))


def _value(text: str, kind: object) -> Any:
    if kind is str or kind is int:
        return kind(text)
    return float(text) if text else None


def main() -> None:
    options = _parser().parse_args()
    overrides = ["gang.ranks=1", "engine.zero_stage=0", "search.l1=null", *options.overrides]
    config = load_config(options.config, overrides)
    _join()
    with options.out.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# {' '.join(options.overrides)} {options.note}\n")
        writer = csv.DictWriter(stream, [field.name for field in fields(Line)])
        writer.writeheader()
        for line in _recorded(config, np.geomspace(options.low, options.high, options.rates)):
            writer.writerow(asdict(line))
            stream.flush()


def _recorded(config: SweepConfig, rates: np.ndarray) -> Iterator[Line]:
    warm_state, benchmark = WarmState(Place()), build_benchmark(config.benchmark)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        weights = starting_weights(config, build_family(config.model))
        original = original_job(config, benchmark, weights=weights)
        gold = gold_job(config, benchmark, weights=weights)
        before = _outcome(RankTask(original, folder / "original"), warm_state).sheet
        best = _outcome(RankTask(gold, folder / "gold"), warm_state).sheet
        whole = measure(before, None, (METRIC,))[METRIC]
        for lr in rates:
            for label in config.methods:
                job = trial_job(
                    config, benchmark, label=label, params={"lr": float(lr)}, original=original
                )
                base = folder / "original" / MODEL
                task = RankTask(job, folder / "trial", base, guard=_looking(config, job, whole))
                yield from _lines(task, warm_state, label=label, whole=whole, gold=best)


def _looking(config: SweepConfig, job: Job, whole: float) -> Guard:
    """Returns a guard that probes as often as a sweep's would at most, and never stops."""
    stopping = config.search.stopping
    assert stopping is not None
    num_steps = job.training.num_steps(len(build_benchmark(job.benchmark).splits["forget"]))
    limit = Limit(metric=METRIC, side="at_least", value=whole, whole=whole, recovery=0.0)
    return Guard(
        every=stopping.steps_between(num_steps),
        items=stopping.items,
        confidence=stopping.confidence,
        patience=NEVER,
        limits=(limit,),
    )


def _lines(
    task: RankTask, warm_state: WarmState, *, label: str, whole: float, gold: ScoreSheet
) -> Iterator[Line]:
    job = task.job
    reports: list[Report] = []
    try:
        outcome = _outcome(task, warm_state, reports)
    except TrialFailure as failure:
        print(f"{label} at {job.training.lr:.1e}: {failure}", flush=True)
        return
    line = partial(
        Line,
        method=label,
        lr=job.training.lr,
        seed=job.seed,
        num_steps=reports[-1].num_steps,
        whole=whole,
    )
    for report in reports:
        if f"probe_{METRIC}" in report.metrics:
            value, error = (report.metrics[f"probe_{METRIC}{end}"] for end in ("", "_error"))
            yield line(step=report.step, value=value, error=error)
    end = measure(outcome.sheet, gold, (METRIC, "log_forget_quality"))
    objective = end["log_forget_quality"]
    yield line(step=reports[-1].num_steps, value=end[METRIC], error=0, objective=objective)
    print(f"{label} at {job.training.lr:.1e}: {METRIC} {end[METRIC]:.3f}", flush=True)


def _outcome(task: RankTask, warm_state: WarmState, reports: list[Report] | None = None) -> Outcome:
    outcome = None
    for news in run(task, warm_state):
        if isinstance(news, Report) and reports is not None:
            reports.append(news)
        if isinstance(news, Outcome):
            outcome = news
    assert outcome is not None
    return outcome


def _join() -> None:
    """Forms a process group of one, which the engine wants."""
    os.environ.update(MASTER_ADDR="127.0.0.1", RANK="0", WORLD_SIZE="1", LOCAL_RANK="0")
    dist.init_process_group("gloo", store=HashStore(), rank=0, world_size=1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Records the retain metric during real trials.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("out", type=Path, help="the CSV file to write")
    parser.add_argument("overrides", nargs="*", help="settings of the config, key=value")
    parser.add_argument("--config", type=Path, help="a sweep's config; the offline demo if none")
    parser.add_argument("--low", type=float, default=1e-4, help="lowest learning rate")
    parser.add_argument("--high", type=float, default=2e-2, help="highest learning rate")
    parser.add_argument("--rates", type=int, default=8, help="learning rates, spaced evenly in log")
    parser.add_argument("--note", default="", help="what the first line of the file says further")
    return parser


if __name__ == "__main__":
    main()

"""Whether a shorter training tells which whole ones are worth it; see README.md.

Trains the trials of a finished sweep again for a fraction of their epochs (warm-up, too), one rank
in this process, and measures them as the search would have: the objective's guide, and by how much
each bound is missed. Each line of the file that it writes has a trial's short and whole training;
with --table it only reads such a file.
"""

import argparse
import csv
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any, cast

import numpy as np
import torch.distributed as dist
from machine import setting, table
from scipy.stats import spearmanr
from torch._C._distributed_c10d import HashStore  # where its types are

from evals.building import build_benchmark
from evals.evidence import evidence
from evals.held_out import searched_part
from evals.measure import measure
from evals.scores import ScoreSheet
from orchestrator.jobs.build import trial_job
from orchestrator.reporting.sweep_record import SweepRecord, read_record
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.pareto import gain
from orchestrator.results.ranking import is_measured, is_trial
from orchestrator.searching.constraints import violations
from orchestrator.storage.result import Result
from trainers.distributed import Place
from trainers.job import Outcome, TrialFailure
from trainers.rank_task import RankTask
from trainers.run import run
from trainers.warm_state import WarmState

DRAWS = 2000
SURE = 2.0
"""Standard errors by which a short training must miss a bound for it to be sure to be missed."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What the short and the whole training of one trial measured; more `gained` is better.

    `gained` is the whole one's objective over the original's, `missed` the largest violation.
    `whole_guide` is NaN of a training that was stopped early. Costs are of gang time, evaluation
    included, in units of what a training of the method takes that is not stopped.
    """

    method: str
    number: int
    lr: float
    l1: float
    short_guide: float
    short_missed: float
    short_error: float
    whole_guide: float
    whole_missed: float
    gained: float
    short_cost: float
    whole_cost: float

    @property
    def may_keep(self) -> bool:
        """Whether the short training leaves open that the whole one keeps every bound."""
        return self.short_missed <= SURE * self.short_error

    @property
    def worth(self) -> float:
        """What the whole training gains, nothing where it misses a bound."""
        return max(0.0, self.gained) if self.whole_missed <= 0 else 0.0


def main() -> None:
    options = _parser().parse_args()
    if not options.table:
        _record(options)
    pairs = read(options.file)
    print(setting("lethe", "torch", "numpy", "scipy"))
    print(f"\n{agreement(pairs)}\n")
    print(worth(pairs, keep=options.keep))


def read(file: Path) -> list[Pair]:
    """Returns the pairs of a file, by method."""
    kinds = {field.name: cast(Callable[[str], Any], field.type) for field in fields(Pair)}
    with file.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(line for line in stream if not line.startswith("#"))
        made = [Pair(**{k: kinds[k](text) for k, text in row.items()}) for row in rows]
    return sorted(made, key=lambda pair: (pair.method, pair.number))


def agreement(pairs: Sequence[Pair]) -> str:
    """Returns the table of rank correlations between short and whole trainings, by method."""
    head = ["method", "trials", "|guide|", "guide", "missed", "keeps: short / whole / both"]
    rows = []
    for method, of in groupby(pairs, key=lambda pair: pair.method):
        rows.append([method, *_agreement(list(of))])
    return table(head, [*rows, ["all", *_agreement(pairs)]])


def _agreement(pairs: Sequence[Pair]) -> list[str]:
    whole = [pair for pair in pairs if not math.isnan(pair.whole_guide)]
    short_N = np.array([pair.short_guide for pair in whole])
    whole_N = np.array([pair.whole_guide for pair in whole])
    missed_N2 = np.array([(pair.short_missed, pair.whole_missed) for pair in pairs])
    keeps = [pair.short_missed <= 0 for pair in pairs], [pair.whole_missed <= 0 for pair in pairs]
    both = sum(short and long for short, long in zip(*keeps, strict=True))
    return [
        f"{len(whole)} of {len(pairs)}",
        _correlation(np.abs(short_N), np.abs(whole_N)),
        _correlation(short_N, whole_N),
        _correlation(missed_N2[:, 0], missed_N2[:, 1]),
        f"{sum(keeps[0])} / {sum(keeps[1])} / {both}",
    ]


def _correlation(some: np.ndarray, others: np.ndarray) -> str:
    if len(some) < 3 or np.ptp(some) == 0 or np.ptp(others) == 0:
        return ""
    return f"{spearmanr(some, others).statistic:.2f}"


def worth(pairs: Sequence[Pair], *, keep: float) -> str:
    """Returns the table of what is gained in equal time with short trainings first, and without.

    Settings are drawn from each method's trials without regard to what they measured. Either all
    drawn begin short and the best `keep` go on, or as many are trained whole as take that time.
    Gains are shares of the most that the method's trials gain.
    """
    rows = []
    for method, of in groupby(pairs, key=lambda pair: pair.method):
        found = list(of)
        most = max(pair.worth for pair in found)
        if most > 0:
            rows.append([method, *_raced(found, most, keep)])
    means = [np.mean([row[i] for row in rows]) for i in range(1, 4)]
    said = [[row[0], *(f"{value:.2f}" for value in row[1:])] for row in [*rows, ["mean", *means]]]
    return table(["method", "whole trainings' worth", "short first", "whole"], said)


def _raced(found: Sequence[Pair], most: float, keep: float) -> list[float]:
    rng = np.random.default_rng(0)
    num = len(found)
    going = max(1, round(keep * num))
    costs, halved, plain = list[float](), list[float](), list[float]()
    for _ in range(DRAWS):
        drawn = [found[i] for i in rng.integers(num, size=num)]
        open_yet = [pair for pair in drawn if pair.may_keep] or drawn
        best = sorted(open_yet, key=lambda pair: abs(pair.short_guide))[:going]
        halved.append(max(pair.worth for pair in best))
        costs.append(sum(p.short_cost for p in drawn) + sum(p.whole_cost for p in best))
        plain.append(_plainly(found, costs[-1], rng))
    return [float(np.mean(costs)), *(float(np.mean(of)) / most for of in (halved, plain))]


def _plainly(found: Sequence[Pair], left: float, rng: np.random.Generator) -> float:
    """Returns the most that whole trainings gain, drawn for as much time as is `left`."""
    best = 0.0
    while left > 0:
        pair = found[int(rng.integers(len(found)))]
        # Of one that does not fit any more the part that fits is the chance that it counts.
        if rng.random() < left / pair.whole_cost:
            best = max(best, pair.worth)
        left -= pair.whole_cost
    return best


def _record(options: argparse.Namespace) -> None:
    record = read_record(str(options.sweep))
    assert record.reference is not None
    _join()
    with options.file.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# the trials of {record.config.name}, seed {record.config.seed}, and ")
        stream.write(f"{options.fraction:g} of their epochs\n")
        writer = csv.DictWriter(stream, [field.name for field in fields(Pair)])
        writer.writeheader()
        for pair in _pairs(record, record.reference, options.fraction):
            writer.writerow(asdict(pair))
            stream.flush()


def _pairs(record: SweepRecord, reference: Reference, fraction: float) -> Iterator[Pair]:
    config, storage = record.config, record.storage
    benchmark, warm_state = build_benchmark(config.benchmark), WarmState(Place())
    gold = searched_part(storage.sheet(reference.gold.job.hash), config.held_out)
    base = storage.model_folder(reference.original.job)
    recipe = config.training.model_copy(
        update={
            "epochs": fraction * config.training.epochs,
            "warmup_epochs": fraction * config.training.warmup_epochs,
        }
    )
    shorter = config.model_copy(update={"training": recipe})
    for entry in record.entries:
        if not is_trial(entry) or not is_measured(entry):
            continue
        job = trial_job(
            shorter,
            benchmark,
            label=entry.label,
            params=entry.params or {},
            original=reference.original.job,
        )
        with tempfile.TemporaryDirectory(prefix="lethe-") as folder:
            try:
                sheet = _scored(RankTask(job, Path(folder), base), warm_state)
            except TrialFailure as failure:
                print(f"{entry.label} {entry.number}: {failure}", flush=True)
                continue
        costs = _costs(record, entry, fraction)
        yield _pair(record, reference, entry, searched_part(sheet, config.held_out), gold, costs)


def _pair(
    record: SweepRecord,
    reference: Reference,
    entry: Entry,
    sheet: ScoreSheet,
    gold: ScoreSheet,
    costs: tuple[float, float],
) -> Pair:
    search = record.config.search
    primary, names = search.primary, (search.primary, *search.constraints)
    beside = evidence(sheet, gold, names)
    missed = violations(reference.bounds, measure(sheet, gold, names))
    result, before = entry.result, reference.original
    pair = Pair(
        method=entry.label,
        number=entry.number or 0,
        lr=float((entry.params or {})["lr"]),
        l1=float((entry.params or {})["l1"]),
        short_guide=beside.guides[primary],
        short_missed=max(missed.values()),
        short_error=max(beside.errors[name] for name in search.constraints),
        whole_guide=math.nan if result.stopped else result.evidence.guides[primary],
        whole_missed=max((entry.violations or {}).values()),
        gained=_gain(result, primary) - _gain(before, primary),
        short_cost=costs[0],
        whole_cost=costs[1],
    )
    print(pair, flush=True)
    return pair


def _costs(record: SweepRecord, entry: Entry, fraction: float) -> tuple[float, float]:
    """Returns what the trial's short and whole training take, as shares of one of its method."""
    facts = [
        other.result.facts
        for other in record.entries
        if other.label == entry.label and is_measured(other) and not other.result.stopped
    ]
    train_s, eval_s = (median(each[name] for each in facts) for name in ("train_s", "eval_s"))
    steps = entry.result.facts["steps"] / max(each["steps"] for each in facts)
    short, whole = ((share * train_s + eval_s) / (train_s + eval_s) for share in (fraction, steps))
    return short, whole


def _gain(result: Result, name: str) -> float:
    return gain(name, result.metrics[name])


def _scored(task: RankTask, warm_state: WarmState) -> ScoreSheet:
    outcome = None
    for news in run(task, warm_state):
        outcome = news if isinstance(news, Outcome) else outcome
    assert outcome is not None
    return outcome.sheet


def _join() -> None:
    """Forms a process group of one, which the engine wants."""
    os.environ.update(MASTER_ADDR="127.0.0.1", RANK="0", WORLD_SIZE="1", LOCAL_RANK="0")
    dist.init_process_group("gloo", store=HashStore(), rank=0, world_size=1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Whether a shorter training tells of whole ones.")
    parser.add_argument("file", type=Path, help="the CSV file to write, or to read with --table")
    parser.add_argument("--sweep", type=Path, help="folder of a finished sweep")
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--fraction", type=float, default=1 / 3, help="of the epochs")
    parser.add_argument("--keep", type=float, default=0.34, help="share of short ones that go on")
    return parser


if __name__ == "__main__":
    main()

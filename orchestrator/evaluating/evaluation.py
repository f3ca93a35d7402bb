"""Measures checkpoints: each is a job like a given baseline, found in storage or scored now."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.measurable import check_measurable
from evals.metric import Need, load_metric
from evals.suite import suite_of
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.evaluating.checkpoints import Checkpoint
from orchestrator.jobs.build import checkpoint_job
from orchestrator.results.entry import Entry
from orchestrator.results.measuring import compared, measured
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.job import Job, Phase

GOLD = "Gold"


@dataclass(frozen=True, slots=True)
class Judged:
    """What the checkpoints measure, gold first if there is one; `left_out` are metrics without.

    `strange` are the labels of jobs that were run on another benchmark, or another split of it.
    """

    config: SweepConfig
    benchmark: Benchmark
    entries: tuple[Entry, ...]
    has_gold: bool
    left_out: tuple[str, ...]
    strange: tuple[str, ...] = ()

    @property
    def not_finite(self) -> dict[str, tuple[str, ...]]:
        """The metrics that came out as no number, by the label of the checkpoint."""
        found = {
            entry.label: tuple(n for n, v in entry.result.metrics.items() if not math.isfinite(v))
            for entry in self.entries
        }
        return {label: names for label, names in found.items() if names}


def whole(config: SweepConfig, *, metrics: Sequence[str] | None = None) -> SweepConfig:
    """Returns the config with every item measured: nothing is searched, nothing held out.

    Raises:
        ConfigError: one of the `metrics`, which take the place of the config's, is none.
    """
    kept = config.evaluation
    if metrics is not None:
        for name in metrics:
            load_metric(name, key="--metrics")
        kept = kept.model_copy(update={"metrics": tuple(dict.fromkeys(metrics))})
    changes = {"finalists": None, "attacks": None, "evaluation": kept}
    return config.model_copy(update=changes)


def judge(
    checkpoints: Sequence[Checkpoint],
    gold: Checkpoint | None,
    config: SweepConfig,
    storage: Storage,
    *,
    say: Callable[[str], None],
) -> Judged:
    """Returns what each checkpoint measures, held against `gold` where a metric asks for it.

    What is in storage already is not scored again, and nothing before all others are known to load.

    Raises:
        ConfigError: the benchmark cannot be built or measured, or a model cannot be loaded or
            cannot take the benchmark's rows.
        OSError: a result cannot be written.
    """
    benchmark = build_benchmark(config.benchmark)
    check_measurable(benchmark, config.evaluation, suite_of(config.benchmark.name))
    named = [(GOLD, gold, Phase.GOLD)] if gold is not None else []
    named += [(each.label, each, Phase.ORIGINAL) for each in checkpoints]
    jobs = [
        checkpoint_job(config, benchmark, phase=phase, folder=each.model, weights=each.weights)
        for _, each, phase in named
    ]
    past = [_past(job, storage) for job in jobs]
    for (_, checkpoint, _), found in zip(named, past, strict=True):
        if found is None:
            _check(checkpoint, config, benchmark)
    entries: list[Entry] = []
    for (label, checkpoint, _), job, found in zip(named, jobs, past, strict=True):
        say(f"{label}: {'scoring' if found is None else 'found in storage'} (job {job.hash})")
        result = _scored(job, checkpoint, storage) if found is None else found
        if gold is not None:
            golden = result if not entries else entries[0].result
            result = compared(result, storage, storage.sheet(golden.job.hash))
        entries.append(Entry(label, result, cached=found is not None))
    names = config.evaluation.metrics
    left_out = [name for name in names if gold is None and Need.GOLD in load_metric(name).needs]
    strange = tuple(name for name, each, _ in named if each.data not in ("", benchmark.fingerprint))
    return Judged(config, benchmark, tuple(entries), gold is not None, tuple(left_out), strange)


def _past(job: Job, storage: Storage) -> Result | None:
    """Returns what the job has measured already; None if it is to be scored."""
    found = storage.find(job)
    done = found is not None and found.state == State.DONE and storage.has_sheet(job.hash)
    return found if done else None


def _check(checkpoint: Checkpoint, config: SweepConfig, benchmark: Benchmark) -> None:
    """Refuses a model that does not load, or cannot take the rows, as a sweep does.

    Raises:
        ConfigError: names the folder and the cure.
    """
    from transformers.utils import logging  # imported late, as is torch

    from trainers.family import Use, build_family

    logging.disable_progress_bar()
    family = build_family(config.model)
    try:
        family.check(checkpoint.model)
        family.check_rows(checkpoint.model, Use(benchmark, {}, config.evaluation))
    except ConfigError as error:
        raise type(error)(str(error).replace("model.path", "MODEL", 1)) from None


def _scored(job: Job, checkpoint: Checkpoint, storage: Storage) -> Result:
    """Scores the checkpoint on this machine and returns its result, which is then in storage."""
    from trainers.reevaluation import evaluate_saved  # imports torch

    started_at, started = time.time(), time.perf_counter()
    outcome = evaluate_saved(job, model=checkpoint.model, adapter=checkpoint.adapter)
    wall_s = time.perf_counter() - started
    ended = Result(job, State.DONE, "", {}, {}, wall_s, (), started_at)
    result = measured(ended, outcome, gold=None, guard=None)
    return storage.commit(result, storage.begin(job), outcome.sheet)

"""Holds stored results against the gold model of this sweep."""

from dataclasses import replace

from evals.benchmark import Benchmark
from evals.metric import Need, load_metric
from evals.scores import ScoreSheet
from evals.suites.text import measure
from orchestrator.config import SweepConfig
from orchestrator.constraints import bounds_of
from orchestrator.entry import Reference
from orchestrator.guarding import guard_of
from orchestrator.result import Result
from orchestrator.storing.records import Storage


def compared(result: Result, storage: Storage, gold: ScoreSheet | None) -> Result:
    """Returns the result with its metrics that look at the gold model measured against `gold`.

    The hash of a trial says nothing of the gold model, so the sweep that stored the result may
    have had another one.
    """
    job = result.job
    names = [name for name in job.evaluation.metrics if Need.GOLD in load_metric(name).needs]
    measured = measure(storage.sheet(job.hash), gold, names)
    return replace(result, metrics={**result.metrics, **measured})


def reference_of(
    original: Result, gold: Result, storage: Storage, *, config: SweepConfig, benchmark: Benchmark
) -> Reference:
    """Returns both baselines with every metric, the gold model's scores being known now.

    Raises:
        ValueError: a bound is relative to a metric that is not finite.
    """
    sheet = storage.sheet(gold.job.hash)
    original, gold = (
        replace(
            found,
            metrics=measure(storage.sheet(found.job.hash), sheet, found.job.evaluation.metrics),
        )
        for found in (original, gold)
    )
    bounds = bounds_of(config.search.constraints, original=original.metrics, gold=gold.metrics)
    guard = guard_of(
        config.search.stopping,
        bounds,
        original=original.metrics,
        sheet=storage.sheet(original.job.hash),
        num_steps=config.training.num_steps(len(benchmark.splits["forget"])),
    )
    return Reference(original, gold, bounds, guard)

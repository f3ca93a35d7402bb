"""What a finished job measured, as its result says it."""

from dataclasses import replace

from evals.benchmark import Benchmark
from evals.evidence import evidence
from evals.held_out import restricted, searched_part
from evals.measure import measure
from evals.metric import Need, load_metric, measurable
from evals.scores import ScoreSheet
from evals.suite import suite_of
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.results.entry import Reference
from orchestrator.results.watched_bounds import guard_of
from orchestrator.searching.constraints import bounds_of
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers.early_stopping import Guard
from trainers.job import Outcome


def measured(
    result: Result,
    outcome: Outcome,
    *,
    gold: ScoreSheet | None,
    guard: Guard | None,
    original: ScoreSheet | None = None,
) -> Result:
    """Returns `result` as DONE, with the metrics and, among the facts, what they are made of.

    They are over the items that the search sees. Metrics that need the gold model are measured
    only if its scores `gold` are known, and their errors beside the original's only if those of
    the `original` are. `guard` is the one under which the training was stopped, if it was.
    """
    names = measurable(result.job.evaluation.metrics, has_gold=gold is not None)
    held_out, suite = result.job.held_out, suite_of(result.job.benchmark.name)
    sheet = searched_part(outcome.sheet, held_out)
    seen, start = (
        None if each is None else searched_part(each, held_out) for each in (gold, original)
    )
    stopped_under = guard.hash if guard is not None and outcome.stopped else ""
    return replace(
        result,
        state=State.DONE,
        reason="",
        metrics=measure(sheet, seen, names),
        evidence=evidence(sheet, seen, names, original=start),
        facts={**suite.components(sheet), **outcome.facts, **result.facts},
        stopped=outcome.stopped,
        guard=stopped_under,
        first_row=outcome.first_row,
    )


def compared(result: Result, storage: Storage, gold: ScoreSheet) -> Result:
    """Returns the result with its metrics that look at the gold model measured against `gold`.

    The hash of a trial says nothing of the gold model, so the sweep that stored the result may
    have had another one. As in the trial itself, the items are those that the search sees, and
    errors are known beside those of the original that it started from.
    """
    job = result.job
    names = [name for name in job.evaluation.metrics if Need.GOLD in load_metric(name).needs]
    sheet, original = storage.sheet(job.hash), storage.known_sheet(job.base)
    start = None if original is None else searched_part(original, job.held_out)
    sheet, seen = searched_part(sheet, job.held_out), searched_part(gold, job.held_out)
    return replace(
        result,
        metrics={**result.metrics, **measure(sheet, seen, names)},
        evidence=result.evidence.updated(evidence(sheet, seen, names, original=start)),
    )


def compared_if_needed(result: Result, storage: Storage, *, gold: Result) -> Result:
    """Returns a trial's result held against this gold model, whichever it was measured with."""
    if result.state == State.FAILED or result.gold == gold.job.hash:
        return result
    return compared(result, storage, storage.sheet(gold.job.hash))


def seen_here(
    past: Result,
    storage: Storage,
    gold: ScoreSheet,
    original: ScoreSheet,
    *,
    config: SweepConfig,
) -> Result:
    """Returns another sweep's result over the items that this sweep's search sees, no others.

    `gold` and `original` are this sweep's, whole. Otherwise a warm start would tell the search of
    items that finalists are reported on. What was measured on none of these items is FAILED.
    """
    seen = searched_part(gold, config.held_out)
    sheet = restricted(storage.sheet(past.job.hash), seen)
    names = tuple(dict.fromkeys((*config.search.objectives, *config.search.constraints)))
    golden = restricted(seen, sheet)
    try:
        measured = measure(sheet, golden, names)
    except ValueError as error:
        return replace(past, state=State.FAILED, reason=str(error))
    metrics = {**past.metrics, **measured}
    told = evidence(sheet, golden, names, original=searched_part(original, config.held_out))
    return replace(past, metrics=metrics, evidence=told)


def unguarded_reference(
    original: Result, gold: Result, storage: Storage, *, config: SweepConfig
) -> Reference:
    """Returns both baselines with every metric, and the bounds that follow, but no guard.

    Raises:
        ValueError: a bound is relative to a metric that is not finite.
    """
    sheet = storage.sheet(gold.job.hash)
    original, gold = compared(original, storage, sheet), compared(gold, storage, sheet)
    bounds = bounds_of(config.search.constraints, original=original.metrics, gold=gold.metrics)
    return Reference(original, gold, bounds)


def reference_of(
    original: Result, gold: Result, storage: Storage, *, config: SweepConfig, benchmark: Benchmark
) -> Reference:
    """Returns both baselines with every metric, the bounds that follow, and the trials' guard.

    There is none where the search is on several splits, of which one decides nothing.

    Raises:
        ValueError: a bound is relative to a metric that is not finite.
    """
    reference = unguarded_reference(original, gold, storage, config=config)
    guard = guard_of(
        config.search.stopping if config.search.splits == 1 else None,
        reference.bounds,
        original=reference.original.metrics,
        sheet=searched_part(storage.sheet(original.job.hash), original.job.held_out),
        num_steps=config.training.num_steps(len(benchmark.splits["forget"])),
    )
    return replace(reference, guard=guard)

"""What a trial, and the baselines, come to on the mean over the splits that a search runs on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from evals.evidence import Evidence
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.results.entry import Reference
from orchestrator.searching.constraints import bounds_of
from orchestrator.storage.members import Member, MemberRole
from orchestrator.storage.result import Result, State

MOVED = "moved"


def by_split(
    members: Sequence[Member], results: Mapping[str, Result]
) -> dict[tuple[str, int | None, int | None], Result]:
    """Returns what came of baselines and trials at other splits, by label, number and split.

    `results` are those of the sweep's jobs, by hash.
    """
    return {
        (member.label, member.number, member.split): results[member.job]
        for member in members
        if member.role == MemberRole.SHADOW and member.job in results
    }


def mean_result(results: Sequence[Result]) -> Result:
    """Returns the first of `results`, those of one trial at each split, with all their means.

    A metric that is NaN at one split is NaN. The trial failed where it failed at one split, and
    destroyed the model where it did at one. It has moved if it did everywhere, and took the time of
    all.
    """
    first, *others = results
    if not others:
        return first
    failed = [each for each in results if each.state == State.FAILED]
    if failed:
        worst = next((each for each in failed if each.collapsed), failed[0])
        split = worst.job.benchmark.settings.get("split")
        return replace(
            worst,
            job=first.job,
            reason=f"at split {split}: {worst.reason}",
            wall_s=_total_s(results),
        )
    facts = dict(first.facts)
    if MOVED in facts:
        facts[MOVED] = min(each.facts.get(MOVED, 0.0) for each in results)
    return replace(
        first,
        metrics=_means([each.metrics for each in results]),
        evidence=_mean_evidence([each.evidence for each in results]),
        facts=facts,
        wall_s=_total_s(results),
        stopped=next((each.stopped for each in results if each.stopped), ""),
    )


def mean_reference(references: Sequence[Reference], config: SweepConfig) -> Reference:
    """Returns the first of `references`, those of each split, with the means of their metrics.

    Bounds that are relative to a baseline follow from these.

    Raises:
        ValueError: a bound is relative to a metric that is not finite.
    """
    first, *others = references
    if not others:
        return first
    original = mean_result([each.original for each in references])
    gold = mean_result([each.gold for each in references])
    bounds = bounds_of(config.search.constraints, original=original.metrics, gold=gold.metrics)
    return Reference(original, gold, bounds)


def _means(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Returns the mean of every metric that all have."""
    return {
        name: sum(each[name] for each in found) / len(found)
        for name in found[0]
        if all(name in each for each in found)
    }


def _mean_evidence(found: Sequence[Evidence]) -> Evidence:
    """Returns that of the means of independent parts: their errors, and the mean guides."""
    return Evidence(
        _errors([each.errors for each in found]),
        _means([each.guides for each in found]),
        _errors([each.guide_errors for each in found]),
        {n: v / len(found) for n, v in _means([each.with_original for each in found]).items()},
    )


def _errors(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {
        name: math.sqrt(sum(each[name] ** 2 for each in found)) / len(found)
        for name in found[0]
        if all(name in each for each in found)
    }


def _total_s(results: Sequence[Result]) -> float:
    return sum(each.wall_s for each in results)

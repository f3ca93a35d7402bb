"""What a result tells a search beside the objective and by how much each bound is missed."""

import math
from collections.abc import Mapping, Sequence

from evals.metric import load_metric
from orchestrator.searching.constraints import Bound
from orchestrator.searching.settings import best_value, direction_of
from orchestrator.searching.signals import Further, Signals, known
from orchestrator.storage.result import Result

GUIDE = "guide"
"""Stands for the first objective's guide among the names of metrics."""
NO_SEEDS: Mapping[str, float] = {}
UNMOVED = 0.0


IDLE_SHARE = 0.05
"""Who went a smaller share of the way from the original's guide to 0 forgot nothing to speak of; of
an objective without one that is to become small, from the original's value to the least possible.
"""


def signals_of(
    result: Result,
    objective: str,
    bounds: Sequence[Bound],
    *,
    original: Result | None = None,
    seeds: Mapping[str, float] = NO_SEEDS,
    further: Sequence[str] = (),
) -> Signals:
    """Returns the objective's guide, and how sure it, the objective and the violations are.

    `further` are the objectives after the first, of which the same is told.

    A violation is as sure as its metric is, over items and, as far as is known by metric
    (`seed_spread`), over `seeds`. Where the bound is so many times the `original`'s it is another
    one on other items, too, and goes with the metric there: what counts is their difference.
    Whether the trial did anything is held against
    the `original`, where that is given.
    """
    evidence = result.evidence

    def error(name: str) -> float:
        return math.hypot(known(evidence.errors.get(name)), seeds.get(name, 0.0))

    def guide_error(name: str, seeds_key: str) -> float:
        return math.hypot(known(evidence.guide_errors.get(name)), seeds.get(seeds_key, 0.0))

    def violation_error(bound: Bound) -> float:
        if original is None or bound.times == 0:
            return error(bound.metric)
        beside = evidence.error_beside(original.evidence, bound.metric, times=bound.times)
        return math.hypot(known(beside), seeds.get(bound.metric, 0.0))

    return Signals(
        guide=guide_of(result, objective),
        guide_error=guide_error(objective, GUIDE),
        objective_error=error(objective),
        violation_errors={bound.name: violation_error(bound) for bound in bounds},
        idle=original is not None and _is_idle(result, original, objective),
        further=tuple(
            Further(
                result.metrics[name],
                guide_of(result, name),
                guide_error(name, guide_key(name)),
                error(name),
            )
            for name in further
        ),
    )


def guide_key(objective: str) -> str:
    """Returns what stands for the guide of an objective after the first."""
    return f"{GUIDE} of {objective}"


def guide_of(result: Result, objective: str) -> float | None:
    """Returns what the objective's guide says of the model; None where there is no number."""
    guide = result.evidence.guides.get(objective, math.nan)
    return guide if math.isfinite(guide) else None


def _is_idle(result: Result, original: Result, objective: str) -> bool:
    if result.facts.get("moved") == UNMOVED:
        return True
    guide, start = (guide_of(each, objective) for each in (result, original))
    if load_metric(objective).guide is None and direction_of(objective) == "minimize":
        # What is to become small is what is to be forgotten; of others a trial may keep all.
        best = best_value(objective)
        guide, start = (each.metrics.get(objective, math.nan) - best for each in (result, original))
    if guide is None or start is None:
        return False
    return abs(guide - start) < IDLE_SHARE * abs(start) < math.inf

"""How much of what can be had in several objectives feasible trials dominate.

The corner is where each objective begins to count: at the bound that it has on its worse side, or
else at the worst value that the metric can have, or else, where there is no worst, at the
original's value. So nothing that is feasible lies below it for want of a bound.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from evals.metric import load_metric
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.pareto import front, gain, hypervolume
from orchestrator.results.ranking import is_measured
from orchestrator.searching.constraints import AT_LEAST, AT_MOST, Bound
from orchestrator.searching.settings import SearchSettings, in_a_row


def corner_of(
    search: SearchSettings, bounds: Sequence[Bound], original: Mapping[str, float]
) -> tuple[float, ...]:
    """Returns where each objective begins to count, in the metric's own units.

    Raises:
        ValueError: it is the original's value of a metric, and that is not finite.
    """
    return tuple(_end(name, bounds, original) for name in search.objectives)


def corner_in(search: SearchSettings, reference: Reference) -> tuple[float, ...]:
    """Returns where each objective begins to count in a sweep whose baselines these are."""
    return corner_of(search, reference.bounds, reference.original.metrics)


def dominated(
    found: Iterable[Mapping[str, float]], search: SearchSettings, corner: Sequence[float]
) -> float:
    """Returns the hypervolume above the corner that these metrics dominate together.

    A metric that is missing or NaN is above no corner.
    """
    points = [_point(metrics, search) for metrics in found]
    signed = zip(search.objectives, corner, strict=True)
    return hypervolume(points, tuple(gain(name, end) for name, end in signed))


def undominated(
    found: Sequence[Mapping[str, float]], search: SearchSettings
) -> list[Mapping[str, float]]:
    """Returns those of these metrics that no other beats in all objectives."""
    return [found[i] for i in front([_point(metrics, search) for metrics in found])]


def feasible_metrics(entries: Iterable[Entry]) -> list[Mapping[str, float]]:
    """Returns what those trials measured that keep every bound."""
    return [e.result.metrics for e in entries if is_measured(e) and e.feasible]


def corner_said(search: SearchSettings, corner: Sequence[float]) -> str:
    """Returns the corner for people: "retain 0.68 and real 0"."""
    pairs = zip(search.objectives, corner, strict=True)
    return in_a_row([f"{name} {end:.4g}" for name, end in pairs])


def _point(metrics: Mapping[str, float], search: SearchSettings) -> tuple[float, ...]:
    return tuple(gain(name, metrics.get(name, math.nan)) for name in search.objectives)


def _end(name: str, bounds: Sequence[Bound], original: Mapping[str, float]) -> float:
    low, high = load_metric(name).bounds
    more = gain(name, 1.0) > 0
    side, worst = (AT_LEAST, low) if more else (AT_MOST, high)
    held = [bound.value for bound in bounds if (bound.metric, bound.side) == (name, side)]
    if held:
        return held[0]
    if math.isfinite(worst):
        return worst
    if not math.isfinite(original[name]):
        raise ValueError(f"the original model's {name} is {original[name]}: nothing counts from it")
    return original[name]

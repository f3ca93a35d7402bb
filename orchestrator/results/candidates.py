"""In which order a method's trials are worth training again under other seeds."""

import math
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.results.entry import Entry, Reference
from orchestrator.results.hypervolume import corner_in, dominated, feasible_metrics
from orchestrator.results.pareto import gain
from orchestrator.results.ranking import by_merit, is_measured
from orchestrator.results.signals import signals_of
from orchestrator.searching.settings import SearchSettings

MAX_ALONG_FRONT = 12
"""Candidates of several objectives that are chosen for where they lie on the front."""


def candidates(
    trials: Iterable[Entry], reference: Reference, *, search: SearchSettings
) -> list[Entry]:
    """Returns the feasible trials, what is to be tried first at the head.

    They are in the order of what they gain over the original in the objective, times how likely
    they keep every bound once more as far as their standard errors tell, at most
    `search.floor_probability`: a gain that was lucky on a bound comes after one nearly as large
    that was not, and what is sure to keep the bounds because it did nothing comes last. Among
    equals the likelier one comes first, then see `by_merit`. Of several objectives this says of the
    primary one which is the first; then come those that add most to what the ones before them
    dominate, times how likely they keep the bounds, and then all others in that order. Only
    items that the search sees are looked at, so that what is chosen can be reported on the others.
    """
    feasible = by_merit((t for t in trials if is_measured(t) and t.feasible), search)
    original = reference.original.metrics.get(search.primary, math.nan)

    def worth(trial: Entry) -> tuple[float, float]:
        chance = min(_chance(trial, reference, search), search.floor_probability)
        objective = trial.result.metrics[search.primary]
        gained = gain(search.primary, objective) - gain(search.primary, original)
        return chance * (max(0.0, gained) if math.isfinite(gained) else 1.0), chance

    ordered = sorted(feasible, key=worth, reverse=True)
    chosen = along_front(ordered, reference, search=search)
    return [*chosen, *(trial for trial in ordered if not any(trial is one for one in chosen))]


def along_front(
    ordered: Sequence[Entry], reference: Reference, *, search: SearchSettings
) -> list[Entry]:
    """Returns the first of the candidates, and of several objectives those that add to it.

    Each adds something to what the ones before it dominate.
    """
    chosen, left = list(ordered[:1]), list(ordered[1:])
    if len(search.objectives) == 1:
        return chosen
    corner = corner_in(search, reference)
    while left and len(chosen) < MAX_ALONG_FRONT:
        before = dominated(feasible_metrics(chosen), search, corner)
        added = [
            (dominated(feasible_metrics([*chosen, trial]), search, corner) - before)
            * _chance(trial, reference, search)
            for trial in left
        ]
        if max(added) <= 0:
            break
        chosen.append(left.pop(added.index(max(added))))
    return chosen


def safest(found: Sequence[Entry], reference: Reference, *, search: SearchSettings) -> Entry | None:
    """Returns the candidate likeliest to keep every bound once more, the first of equals."""
    return max(found, key=lambda trial: _chance(trial, reference, search), default=None)


def keeps_again(violations: Mapping[str, float], errors: Mapping[str, float]) -> float:
    """Returns how likely every bound is kept under another seed and on other items.

    What was measured and what will be both have the standard error of `errors`, by bound; a bound
    of which none is known is taken to be missed by as much again.
    """
    found = 1.0
    for name, missed in violations.items():
        error = errors.get(name, 0.0)
        sure = 1.0 if missed <= 0 else 0.0
        found *= sure if error <= 0 else _below(-missed / (math.sqrt(2) * error))
    return found


def _chance(trial: Entry, reference: Reference, search: SearchSettings) -> float:
    # What seeds differ by is left out where it is known, too: a race finds that out by itself, and
    # its order must be the same once its own finalists have told more of it.
    bounds, original = reference.bounds, reference.original
    errors = signals_of(trial.result, search.primary, bounds, original=original).violation_errors
    return keeps_again(trial.violations or {}, errors)


def _below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))

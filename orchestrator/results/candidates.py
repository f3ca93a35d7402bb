"""In which order a method's trials are worth training again under other seeds."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.results.entry import Entry, Reference
from orchestrator.results.hypervolume import corner_in, dominated, feasible_metrics
from orchestrator.results.pareto import gain
from orchestrator.results.ranking import by_merit, is_whole
from orchestrator.results.signals import signals_of
from orchestrator.searching.belief import DIGITS, beliefs, worths
from orchestrator.searching.objective_scale import signed_root
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import Space
from orchestrator.searching.tried import Ending, Tried

MAX_ALONG_FRONT = 12
"""Candidates of several objectives that are chosen for where they lie on the front."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """A method's feasible trials in their order.

    `front` are those at their head that are chosen for where they lie on the front of several
    objectives, the first one of a single one. `safest` is the likeliest to keep every bound again,
    the first of equals; None where nothing is feasible.
    """

    trials: tuple[Entry, ...]
    front: tuple[Entry, ...]
    safest: Entry | None


def candidates(
    trials: Iterable[Entry],
    reference: Reference,
    *,
    search: SearchSettings,
    space: Space,
    num_runs: int = 1,
) -> Candidates:
    """Returns the feasible ones of a method's trials, what is to be tried first at the head.

    They are in the order of what they gain over the original in the objective, times how likely
    they keep every bound in the mean of `num_runs` more trainings, at most
    `search.floor_probability`, both as all whole trials together tell (`searching.belief`): a gain
    that was lucky on a bound comes after one nearly as large that was not, and what is sure to keep
    the bounds because it did nothing comes last. Among equals the likelier one comes first, then
    see `by_merit`. Of several objectives this says of the primary one which is the first; then come
    those that add most to what the ones before them dominate, times how likely they keep the
    bounds, and then all others in that order. Only items that the search sees are looked at, so
    that what is chosen can be reported on the others.
    """
    whole = [trial for trial in trials if is_whole(trial)]
    tried = [_tried(trial, reference, search) for trial in whole]
    believed = beliefs(tried, space=space, settings=search, num_runs=num_runs)
    feasible = by_merit((trial for trial in whole if trial.feasible), search)
    own = [believed[_number(trial)] for trial in feasible]
    chances = {_number(t): round(b.chance, DIGITS) for t, b in zip(feasible, own, strict=True)}
    ranked = worths(
        own,
        start=reference.original.metrics.get(search.primary, math.nan),
        sign=int(gain(search.primary, 1.0)),
        probability=search.floor_probability,
    )
    worth = dict(zip(map(_number, feasible), ranked, strict=True))
    ordered = sorted(feasible, key=lambda trial: worth[_number(trial)], reverse=True)
    front = _along_front(ordered, chances, reference, search)
    rest = (trial for trial in ordered if not any(trial is one for one in front))
    safest = max(ordered, key=lambda trial: chances[_number(trial)], default=None)
    return Candidates((*front, *rest), tuple(front), safest)


def _along_front(
    ordered: Sequence[Entry],
    chances: Mapping[int, float],
    reference: Reference,
    search: SearchSettings,
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
            * chances[_number(trial)]
            for trial in left
        ]
        if max(added) <= 0:
            break
        chosen.append(left.pop(added.index(max(added))))
    return chosen


def _tried(trial: Entry, reference: Reference, search: SearchSettings) -> Tried:
    """Returns the trial as its search knows it, but for what seeds differ by.

    That is left out where it is known, too: a race finds it out by itself, and its order must be
    the same once its own finalists have told more of it.
    """
    params, result, (primary, *further) = trial.params or {}, trial.result, search.objectives
    bounds, original = reference.bounds, reference.original
    signals = signals_of(result, primary, bounds, original=original, further=further)
    value, violations = signed_root(result.metrics[primary]), trial.violations or {}
    return Tried(trial.number, params, Ending.MEASURED, value, violations, signals)


def _number(trial: Entry) -> int:
    assert trial.number is not None
    return trial.number

"""The trials of a study as what learns from them shall see them; see `sampler`."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.searching.acquisition import Seen, SeenObjective
from orchestrator.searching.guided_objective import Guides
from orchestrator.searching.objective_scale import error_on_scale, signed_root, unrooted
from orchestrator.searching.settings import Direction, SearchSettings, best_value, direction_of
from orchestrator.searching.signals import Further, Signals
from orchestrator.searching.ties import apart
from orchestrator.searching.tried import Ending, Tried
from orchestrator.searching.unit_cube import Cube

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

MAX_SEEN, MAX_SEEN_OF_SEVERAL = 200, 140
"""Finished trials that the Gaussian process sees, of one objective and of several, each of which
has a process of its own."""


def seen_by_process(
    tried: Sequence[Tried], settings: SearchSettings, cube: Cube, corner: Sequence[float] = ()
) -> Seen:
    """Returns the trials, one of them measured, as the Gaussian process shall see them.

    `corner` says where each of several objectives begins to count.
    """
    trials = _capped(_without_collapse(_ordered(tried)), settings.directions)
    done = [trial for trial in trials if trial.ending is Ending.MEASURED]
    running = [trial for trial in trials if trial.ending is Ending.RUNNING]
    bounds = tuple(done[0].violations)
    missed = [[trial.violations[name] for name in bounds] for trial in done]
    errors = [[trial.signals.violation_errors.get(name, 0.0) for name in bounds] for trial in done]
    columns = zip(*map(_objectives, done), strict=True)
    pairs = zip(settings.objectives, columns, strict=True)
    first, *further = [_seen_objective(name, column) for name, column in pairs]
    signs = map(_sign, settings.directions)
    return Seen(
        points_ND=cube.places([trial.params for trial in done]),
        values_N=first.values_N,
        violations_NC=np.array(missed, dtype=float),
        running_RD=cube.places([trial.params for trial in running]),
        value_errors_N=first.errors_N,
        violation_errors_NC=np.array(errors, dtype=float),
        guides=first.guides,
        probability=settings.floor_probability,
        further=tuple(further),
        corner=tuple(s * signed_root(v) for s, v in zip(signs, corner, strict=False)),
    )


def seen_by_estimator(tried: Sequence[Tried], directions: Sequence[Direction]) -> list[Tried]:
    """Returns the trials as the tree estimator shall see them."""
    return _untied(_without_collapse(_ordered(tried)), directions)


def frozen(trial: Tried, shapes: "Mapping[str, BaseDistribution]") -> "FrozenTrial":
    """Returns a trial of a study that is given to a sampler of Optuna's."""
    from optuna.trial import TrialState, create_trial

    measured = trial.ending is Ending.MEASURED
    return create_trial(
        state=TrialState.COMPLETE if measured else TrialState.RUNNING,
        params=dict(trial.params),
        distributions=dict(shapes),
        values=[each.value for each in _objectives(trial)] if measured else None,
        constraints=dict(trial.violations) if measured else None,
    )


def _objectives(trial: Tried) -> list[Further]:
    """Returns what is known of each objective of a trial, the values on Optuna's scale."""
    own = trial.signals
    first = Further(trial.value, own.guide, own.guide_error, own.objective_error)
    return [first, *(replace(each, value=signed_root(each.value)) for each in own.further)]


def _seen_objective(name: str, column: Sequence[Further]) -> SeenObjective:
    sign = _sign(direction_of(name))
    on_scale = [error_on_scale(each.value, each.error) for each in column]
    return SeenObjective(
        values_N=np.array([sign * each.value for each in column], dtype=float),
        errors_N=np.array(on_scale, dtype=float),
        guides=_guides(column, signed_root(best_value(name)) * sign),
    )


def _guides(column: Sequence[Further], ceiling: float) -> Guides | None:
    """Returns the guides of those that have one; None where what was measured has none."""
    found = [each.guide for each in column]
    if sum(guide is not None for guide in found) < 2:
        return None
    return Guides(
        np.array([np.nan if guide is None else guide for guide in found], dtype=float),
        np.array([each.guide_error for each in column], dtype=float),
        ceiling,
    )


def _sign(direction: Direction) -> int:
    return 1 if direction == "maximize" else -1


def _ordered(tried: Sequence[Tried]) -> list[Tried]:
    return sorted(tried, key=lambda trial: -1 if trial.number is None else trial.number)


def _without_collapse(tried: Sequence[Tried]) -> list[Tried]:
    """Returns what was measured or runs, and what collapsed as measurements that broke all."""
    measured = [trial for trial in tried if trial.ending is Ending.MEASURED]
    if not any(trial.violations for trial in measured):
        return [t for t in tried if t.ending in (Ending.MEASURED, Ending.RUNNING)]
    middle = statistics.median(trial.value for trial in measured)
    columns = zip(*(trial.signals.further for trial in measured), strict=True)
    further = tuple(Further(statistics.median(each.value for each in of)) for of in columns)
    others = Signals(further=further)
    missed = {name: [t.violations[name] for t in measured] for name in measured[0].violations}
    worst = {name: max(of) if max(of) > 0 else -min(of) for name, of in missed.items()}
    return [
        replace(trial, ending=Ending.MEASURED, value=middle, violations=worst, signals=others)
        if trial.ending is Ending.COLLAPSED
        else trial
        for trial in tried
        if trial.ending is not Ending.FAILED
    ]


def _untied(seen: Sequence[Tried], directions: Sequence[Direction]) -> list[Tried]:
    """Returns the trials with equal objectives set apart by their guides."""
    done = [i for i, trial in enumerate(seen) if trial.ending is Ending.MEASURED]
    columns = zip(*(_objectives(seen[i]) for i in done), strict=True)
    told = [_apart(column, _sign(way)) for column, way in zip(columns, directions, strict=False)]
    found = list(seen)
    for place, i in enumerate(done):
        value, *others = (column[place] for column in told)
        further = tuple(
            replace(each, value=unrooted(root))
            for each, root in zip(seen[i].signals.further, others, strict=True)
        )
        found[i] = replace(seen[i], value=value, signals=replace(seen[i].signals, further=further))
    return found


def _apart(column: Sequence[Further], sign: int) -> list[float]:
    far = [None if each.guide is None else abs(each.guide) for each in column]
    return [sign * value for value in apart([sign * each.value for each in column], far)]


def _capped(seen: Sequence[Tried], directions: Sequence[Direction]) -> list[Tried]:
    """Returns all that run, and of the others the best half of what is seen and the latest."""
    done = [trial for trial in seen if trial.ending is Ending.MEASURED]
    most = MAX_SEEN if len(directions) == 1 else MAX_SEEN_OF_SEVERAL
    if len(done) <= most:
        return list(seen)
    behind = _behind(done, directions)

    def rank(index: int) -> tuple[float, float]:
        trial = done[index]
        missed = max(0.0, *trial.violations.values()) if trial.violations else 0.0
        return missed, behind[index]

    best = sorted(range(len(done)), key=rank)[: most // 2]
    rest = [index for index in range(len(done)) if index not in set(best)]
    kept = {*best, *rest[len(best) - most :]}
    running = [trial for trial in seen if trial.ending is Ending.RUNNING]
    return [done[index] for index in sorted(kept)] + running


def _behind(done: Sequence[Tried], directions: Sequence[Direction]) -> list[float]:
    """Returns how far back each trial is: by its objective, or by how many beat it in all."""
    signs = np.array([_sign(way) for way in directions])
    gains_NM = signs * np.array([[each.value for each in _objectives(trial)] for trial in done])
    if len(directions) == 1:
        return [-float(value) for value in gains_NM[:, 0]]
    beaten_NN = np.all(gains_NM[None] > gains_NM[:, None], axis=2)
    return [float(number) for number in beaten_NN.sum(axis=1)]

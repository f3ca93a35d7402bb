"""The trials of a study as what learns from them shall see them; see `sampler`."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.searching.acquisition import Seen
from orchestrator.searching.guided_objective import Guides
from orchestrator.searching.objective_scale import error_on_scale, signed_root
from orchestrator.searching.settings import Direction, SearchSettings
from orchestrator.searching.ties import apart
from orchestrator.searching.tried import Ending, Tried
from orchestrator.searching.unit_cube import Cube

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

MAX_SEEN = 200


def seen_by_process(tried: Sequence[Tried], settings: SearchSettings, cube: Cube) -> Seen:
    """Returns the trials, one of them measured, as the Gaussian process shall see them."""
    trials = _capped(_without_collapse(_ordered(tried)), settings.direction)
    done = [trial for trial in trials if trial.ending is Ending.MEASURED]
    running = [trial for trial in trials if trial.ending is Ending.RUNNING]
    sign, bounds = _sign(settings.direction), tuple(done[0].violations)
    missed = [[trial.violations[name] for name in bounds] for trial in done]
    errors = [[trial.signals.violation_errors.get(name, 0.0) for name in bounds] for trial in done]
    on_scale = [error_on_scale(trial.value, trial.signals.objective_error) for trial in done]
    return Seen(
        points_ND=cube.places([trial.params for trial in done]),
        values_N=np.array([sign * trial.value for trial in done], dtype=float),
        violations_NC=np.array(missed, dtype=float),
        running_RD=cube.places([trial.params for trial in running]),
        value_errors_N=np.array(on_scale, dtype=float),
        violation_errors_NC=np.array(errors, dtype=float),
        guides=_guides(done, signed_root(settings.best_value) * sign),
        probability=settings.floor_probability,
    )


def seen_by_estimator(tried: Sequence[Tried], direction: Direction) -> list[Tried]:
    """Returns the trials as the tree estimator shall see them."""
    return _untied(_without_collapse(_ordered(tried)), direction)


def frozen(trial: Tried, shapes: "Mapping[str, BaseDistribution]") -> "FrozenTrial":
    """Returns a trial of a study that is given to a sampler of Optuna's."""
    from optuna.trial import TrialState, create_trial

    measured = trial.ending is Ending.MEASURED
    return create_trial(
        state=TrialState.COMPLETE if measured else TrialState.RUNNING,
        params=dict(trial.params),
        distributions=dict(shapes),
        value=trial.value if measured else None,
        constraints=dict(trial.violations) if measured else None,
    )


def _guides(done: Sequence[Tried], ceiling: float) -> Guides | None:
    """Returns the guides of those that have one; None where what was measured has none."""
    found = [trial.signals.guide for trial in done]
    if sum(guide is not None for guide in found) < 2:
        return None
    return Guides(
        np.array([np.nan if guide is None else guide for guide in found], dtype=float),
        np.array([trial.signals.guide_error for trial in done], dtype=float),
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
    columns = {name: [t.violations[name] for t in measured] for name in measured[0].violations}
    worst = {name: max(of) if max(of) > 0 else -min(of) for name, of in columns.items()}
    return [
        replace(trial, ending=Ending.MEASURED, value=middle, violations=worst)
        if trial.ending is Ending.COLLAPSED
        else trial
        for trial in tried
        if trial.ending is not Ending.FAILED
    ]


def _untied(seen: Sequence[Tried], direction: Direction) -> list[Tried]:
    """Returns the trials with equal objectives set apart by their guides."""
    guides = [None if t.signals.guide is None else abs(t.signals.guide) for t in seen]
    done = [i for i, trial in enumerate(seen) if trial.ending is Ending.MEASURED]
    sign = 1 if direction == "maximize" else -1
    values = apart([sign * seen[i].value for i in done], [guides[i] for i in done])
    found = list(seen)
    for i, value in zip(done, values, strict=True):
        found[i] = replace(seen[i], value=sign * value)
    return found


def _capped(seen: Sequence[Tried], direction: Direction) -> list[Tried]:
    """Returns all that run, and of the others the best half of `MAX_SEEN` and the latest."""
    done = [trial for trial in seen if trial.ending is Ending.MEASURED]
    if len(done) <= MAX_SEEN:
        return list(seen)
    sign = 1 if direction == "maximize" else -1

    def rank(index: int) -> tuple[float, float]:
        trial = done[index]
        missed = max(0.0, *trial.violations.values()) if trial.violations else 0.0
        return missed, -sign * trial.value

    best = sorted(range(len(done)), key=rank)[: MAX_SEEN // 2]
    rest = [index for index in range(len(done)) if index not in set(best)]
    kept = {*best, *rest[len(best) - MAX_SEEN :]}
    running = [trial for trial in seen if trial.ending is Ending.RUNNING]
    return [done[index] for index in sorted(kept)] + running

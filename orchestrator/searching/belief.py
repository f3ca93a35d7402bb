"""What all trials of a search together tell of each one's setting, its own noise smoothed away.

One trial says what one training measured on some items. What its neighbours measured says as much
of where its setting really stands: the processes that the search goes by (`acquisition`) give the
objective that is expected there, and how likely further trainings keep every bound. A trial that
was lucky among worse ones is believed less than one among its like.

Where a trial's error is not known, what it measured is believed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.searching.acquisition import bounds_of, objective_of
from orchestrator.searching.objective_scale import unrooted
from orchestrator.searching.settings import SearchSettings
from orchestrator.searching.space import Space
from orchestrator.searching.tried import Ending, Tried
from orchestrator.searching.unit_cube import Cube
from orchestrator.searching.view import seen_by_process

FEWEST = 3
"""Measured trials from which on they say anything of each other."""

DIGITS = 6
"""Of what settings are worth. What differs by less is equal: the last digits of a process are not
the same on every machine, and the order of candidates has to be."""

NO_GAIN = 1e-9
"""What a setting gains by rounding alone, of the size of where it starts or of 1."""


@dataclass(frozen=True, slots=True)
class Belief:
    """The objective that a setting is believed to have, and how likely it keeps every bound again.

    The objective is in the metric's own units.
    """

    objective: float
    chance: float


def beliefs(
    tried: Sequence[Tried], *, space: Space, settings: SearchSettings, num_runs: int
) -> dict[int, Belief]:
    """Returns what is believed of each measured trial of the search's own, by its number.

    To keep a bound again is to keep it in the mean of `num_runs` further trainings, each of them as
    unsure as the trial was. Models that were destroyed say nothing here: what a search takes them
    for (`view`) is made up, and stands where the best settings end.
    """
    done = [trial for trial in tried if trial.ending is Ending.MEASURED]
    done.sort(key=lambda trial: -1 if trial.number is None else trial.number)
    if len(done) < FEWEST:
        found = [_alone(trial, num_runs) for trial in done]
    else:
        found = _together(done, Cube(space), settings, num_runs)
    pairs = zip(done, found, strict=True)
    return {trial.number: belief for trial, belief in pairs if trial.number is not None}


def worths(
    believed: Sequence[Belief], *, start: float, sign: int, probability: float
) -> list[tuple[float, float]]:
    """Returns what each is worth to be trained again, more is better, and then for equals.

    That is what it gains over `start` in the objective, of which more (sign 1) or less (-1) is
    better, as a share of the most, times how likely it keeps every bound, at most `probability`;
    without a gain that is finite the chance alone. Equals are told apart by the chance.
    """
    least = NO_GAIN * max(1.0, abs(start))
    gained = [sign * (belief.objective - start) for belief in believed]
    gained = [0.0 if 0 < each < least else each for each in gained]
    most = max(gained, default=0.0)
    shares = [max(0.0, each) / most if most > 0 else 0.0 for each in gained]
    if not all(map(math.isfinite, gained)):
        shares = [1.0 for _ in gained]
    chances = [min(round(belief.chance, DIGITS), probability) for belief in believed]
    products = [round(s * c, DIGITS) for s, c in zip(shares, chances, strict=True)]
    return list(zip(products, chances, strict=True))


def _alone(trial: Tried, num_runs: int) -> Belief:
    """Returns what is believed of a trial by itself: it and the mean of what follows are unsure."""
    chance, errors = 1.0, trial.signals.violation_errors
    for name, missed in trial.violations.items():
        error = errors.get(name, 0.0) * math.sqrt(1 + 1 / num_runs)
        kept = 1.0 if missed <= 0 else 0.0
        chance *= 0.5 * math.erfc(missed / error / math.sqrt(2)) if error > 0 else kept
    return Belief(unrooted(trial.value), chance)


def _together(
    done: Sequence[Tried], cube: Cube, settings: SearchSettings, num_runs: int
) -> list[Belief]:
    """Returns what all of them say of each; a number of one without its error is its own."""
    seen = seen_by_process(done, settings, cube)
    places_MD = cube.places([trial.params for trial in done])
    chance_M = np.ones(len(done))
    for name, bound in zip(done[0].violations, bounds_of(seen, cube.is_choice_D), strict=True):
        missed_M = np.array([trial.violations[name] for trial in done])
        error_M = np.array([trial.signals.violation_errors.get(name, 0.0) for trial in done])
        again_M = bound.chance(places_MD, error_M / math.sqrt(num_runs))
        chance_M *= np.where(error_M > 0, again_M, missed_M <= 0)
    sign = 1 if settings.directions[0] == "maximize" else -1
    believed_M = sign * objective_of(seen, seen.objectives[0], cube.is_choice_D).mean(places_MD)
    is_unsure_M = [_is_unsure(trial, guided=seen.guides is not None) for trial in done]
    value_M = np.where(is_unsure_M, believed_M, [trial.value for trial in done])
    pairs = zip(value_M, chance_M, strict=True)
    return [Belief(unrooted(float(value)), float(chance)) for value, chance in pairs]


def _is_unsure(trial: Tried, *, guided: bool) -> bool:
    """Returns whether an error of the trial is known, of its objective or of what tells of it."""
    told = trial.signals
    if guided:
        return told.guide is not None and max(told.guide_error, told.objective_error) > 0
    return told.objective_error > 0

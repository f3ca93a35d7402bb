"""How much each hyperparameter decides: the share of a metric's variance over the searched space.

Functional ANOVA over a random forest (Hutter, Hoos and Leyton-Brown 2014), as Optuna computes it,
on a study that is made in memory of the trials.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.searching.distributions import at_rest, distributions
from orchestrator.searching.space import Space, Value

if TYPE_CHECKING:
    from optuna.study import Study

MIN_TRIALS = 6
"""Measured trials below which a forest has nothing to go by."""
SEED = 0
MOST_TREES, FEWEST_TREES = 64, 16
MANY = 24
"""Trials up to which a forest is as large as it may be."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A trial's searched values, and what came out."""

    params: Mapping[str, Value]
    value: float


def importances(trials: Sequence[Measured], space: Space) -> dict[str, float] | None:
    """Returns each searched parameter's share of the variance, which add up to 1.

    A parameter that was not active in a trial stands at the middle of its range, as the Gaussian
    process sees it. None where fewer than `MIN_TRIALS` have a finite value within the space, or
    where all have the same.
    """
    placed = [(at_rest(space, trial.params), trial.value) for trial in trials]
    known = [
        (params, value)
        for params, value in placed
        if math.isfinite(value) and all(space[name].holds(params[name]) for name in space)
    ]
    if len(known) < MIN_TRIALS or len({value for _, value in known}) < 2:
        return None
    return _shares(known, space)


def num_trees(num_trials: int) -> int:
    """Returns the size of the forest: a tree of many trials takes long, and errs less by itself."""
    return max(FEWEST_TREES, MOST_TREES * MANY // max(MANY, num_trials))


def _shares(known: Sequence[tuple[Mapping[str, Value], float]], space: Space) -> dict[str, float]:
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    with _quietly():
        study = _study(known, space)
        evaluator = FanovaImportanceEvaluator(n_trees=num_trees(len(known)), seed=SEED)
        found = get_param_importances(study, evaluator=evaluator)
    return {name: float(found.get(name, 0.0)) for name in space}


def _study(known: Sequence[tuple[Mapping[str, Value], float]], space: Space) -> "Study":
    import optuna

    study = optuna.create_study()
    scales = distributions(space)
    for params, value in known:
        made = optuna.trial.create_trial(params=dict(params), distributions=scales, value=value)
        study.add_trial(made)
    return study


@contextmanager
def _quietly() -> Iterator[None]:
    """Has Optuna say nothing but errors for a while."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)

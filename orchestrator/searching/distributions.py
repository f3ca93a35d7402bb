"""A space in Optuna's terms."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.searching.space import Searched, SearchRange, Space, Value, is_active, order

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial


def distributions(space: Space) -> "dict[str, BaseDistribution]":
    """Returns the distribution of every parameter, whether it is active or not."""
    return {name: _distribution(space[name]) for name in order(space)}


def draw(trial: "Trial", space: Space) -> dict[str, Value]:
    """Returns the trial's values, asked for one after the other, so that conditions are known."""
    params: dict[str, Value] = {}
    for name in order(space):
        if is_active(space[name], params):
            params[name] = _suggest(trial, name, space[name])
    return params


def at_rest(space: Space, params: Mapping[str, Value]) -> dict[str, Value]:
    """Returns `params` with the middle of its range for whatever is not active."""
    return {name: params.get(name, space[name].at(0.5)) for name in order(space)}


def _distribution(searched: Searched) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(searched, SearchRange):
        return CategoricalDistribution(searched.choices)
    if searched.integer:
        return IntDistribution(int(searched.low), int(searched.high), log=searched.log)
    return FloatDistribution(searched.low, searched.high, log=searched.log)


def _suggest(trial: "Trial", name: str, searched: Searched) -> Value:
    if not isinstance(searched, SearchRange):
        chosen = trial.suggest_categorical(name, searched.choices)
        assert chosen is not None
        return chosen
    if searched.integer:
        return trial.suggest_int(name, int(searched.low), int(searched.high), log=searched.log)
    return trial.suggest_float(name, searched.low, searched.high, log=searched.log)

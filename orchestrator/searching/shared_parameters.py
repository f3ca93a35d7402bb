"""The hyperparameters of the training recipe, which are searched for every method, by their name.

A method's own `search` may give them another range. Every other hyperparameter is a method's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from evals.errors import ConfigError
from orchestrator.searching.space import SearchChoices, Searched, Space, Value, active_part
from trainers.job import Job
from trainers.settings import TrainingSettings

LR, L1 = "lr", "l1"
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class SharedParameter:
    """How one is called in tables (`heading`) and in figures (`title`), and what it may be."""

    heading: str
    title: str
    may_be_zero: bool

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        return "at least 0" if self.may_be_zero else "above 0"

    def takes(self, value: float) -> bool:
        """Returns whether a model can be trained with the value."""
        return value > 0 or (value == 0 and self.may_be_zero)


SHARED: Mapping[str, SharedParameter] = {
    LR: SharedParameter("lr", "learning rate", may_be_zero=False),
    L1: SharedParameter("L1", "L1 coefficient", may_be_zero=True),
}


def shared_values(training: TrainingSettings) -> dict[str, float]:
    """Returns what the recipe has for each of them."""
    return {name: getattr(training, name) for name in SHARED}


def shared_part(params: Mapping[str, V]) -> dict[str, V]:
    """Returns those of `params` that go to the training recipe."""
    return {name: value for name, value in params.items() if name in SHARED}


def own_part(params: Mapping[str, V]) -> dict[str, V]:
    """Returns those of `params` that are the method's own."""
    return {name: value for name, value in params.items() if name not in SHARED}


def values_of(job: Job) -> dict[str, object]:
    """Returns all hyperparameters of a trial's job, searched or not."""
    assert job.method is not None
    return {**shared_values(job.training), **job.method.settings}


def point_of(job: Job, space: Space) -> dict[str, Value]:
    """Returns those of a trial's hyperparameters that `space` searches where the job stands."""
    values = values_of(job)
    return active_part(space, {n: v for n, v in values.items() if isinstance(v, Value)})


def check_values(shared: Mapping[str, Searched], *, key: str) -> None:
    """Refuses values of the training recipe that training would refuse.

    Raises:
        ConfigError: names the first of them.
    """
    for name, searched in shared.items():
        where = "choices" if isinstance(searched, SearchChoices) else "low"
        for value in searched.ends:
            is_number = not isinstance(value, bool | str)
            if not is_number or not SHARED[name].takes(float(value)):
                said = f"{value:g}" if is_number else value
                rule = SHARED[name].rule
                raise ConfigError(f"{key}.{name}.{where} must be {rule} but got {said}; raise it")

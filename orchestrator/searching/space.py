"""What is searched: ranges and choices, some of them only where another choice asks for them."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from evals.choice import Settings
from evals.errors import ConfigError, FieldError, suggestion

Value = bool | int | float | str
Point = Mapping[str, Value]
"""One value for each parameter that is active there, or for some of them."""


def _as_tuple(raw: Any) -> Any:
    return raw if isinstance(raw, list | tuple) else (raw,)


When = dict[str, Annotated[tuple[Value, ...], BeforeValidator(_as_tuple), Field(min_length=1)]]
"""Values of other parameters, by name, with all of which a parameter is searched."""


class SearchRange(Settings):
    """A closed interval to search, on a log scale if `log`; whole numbers only if `integer`."""

    low: float
    high: float
    log: bool = True
    integer: bool = False
    when: When = {}

    @model_validator(mode="after")
    def _is_an_interval(self) -> "SearchRange":
        if self.low >= self.high:
            raise FieldError(
                f"low must be below high ({self.high:g}) but got {self.low:g}; swap the two"
            )
        if self.log and self.low <= 0:
            raise FieldError(
                f"low must be above 0 on a log scale but got {self.low:g}; "
                "raise it or set log: false"
            )
        if self.integer and not (self.low.is_integer() and self.high.is_integer()):
            raise FieldError(
                f"integer must be false for a range of fractions but got True from {self.low:g} "
                f"to {self.high:g}; round both or set integer: false"
            )
        return self

    @property
    def ends(self) -> tuple[float | int, float | int]:
        """The lowest and the highest value, as they are searched."""
        return (int(self.low), int(self.high)) if self.integer else (self.low, self.high)

    def at(self, share: float) -> float | int:
        """Returns the value at the share (0 to 1) of the way through the range, on its scale."""
        low, high = self.low, self.high
        if share in (0, 1):
            value = high if share else low
        elif self.log:
            value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            value = low + share * (high - low)
        value = min(max(value, low), high)
        return round(value) if self.integer else value

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        kind = "a whole number" if self.integer else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def holds(self, value: Value) -> bool:
        """Returns whether the value lies in the range."""
        if isinstance(value, bool | str) or (self.integer and not float(value).is_integer()):
            return False
        return self.low <= value <= self.high


class SearchChoices(Settings):
    """A choice among values that have no order."""

    choices: tuple[Value, ...] = Field(min_length=2)
    when: When = {}

    @model_validator(mode="after")
    def _are_different(self) -> "SearchChoices":
        if len(set(self.choices)) < len(self.choices):
            raise FieldError(
                f"choices must be different from each other but got {list(self.choices)}; "
                "leave the repeated one out"
            )
        return self

    @property
    def ends(self) -> tuple[Value, ...]:
        """Every choice: each may be refused by itself."""
        return self.choices

    def at(self, share: float) -> Value:
        """Returns the choice at the share (0 to 1) of the way through them."""
        return self.choices[min(int(share * len(self.choices)), len(self.choices) - 1)]

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        return f"one of {', '.join(map(str, self.choices))}"

    def holds(self, value: Value) -> bool:
        """Returns whether the value is one of the choices."""
        return value in self.choices


Searched = SearchRange | SearchChoices
Space = Mapping[str, Searched]


def order(space: Space) -> tuple[str, ...]:
    """Returns the parameters' names, each after those that its condition reads.

    Raises:
        ValueError: conditions run in a circle, through the parameter that the message names.
    """
    waiting, done = sorted(space), list[str]()
    while waiting:
        ready = [name for name in waiting if not set(space[name].when) & set(waiting)]
        if not ready:
            raise ValueError(waiting[0])
        done += ready
        waiting = [name for name in waiting if name not in ready]
    return tuple(done)


def in_words(values: Point) -> str:
    """Returns values for people: "lr 0.001, l1 0.01"."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )


def is_active(searched: Searched, params: Point) -> bool:
    """Returns whether the parameter is searched where the others have the values `params`."""
    return all(n in params and params[n] in allowed for n, allowed in searched.when.items())


def active_part(space: Space, params: Point) -> dict[str, Value]:
    """Returns those of `params` that are searched there."""
    kept: dict[str, Value] = {}
    for name in order(space):
        if name in params and is_active(space[name], kept):
            kept[name] = params[name]
    return kept


def holds(space: Space, params: Point) -> bool:
    """Returns whether `params` has a value within its range for what is active, and no other."""
    active = {name for name in space if name in params and is_active(space[name], params)}
    wanted = {name for name in space if is_active(space[name], params)}
    return active == wanted == set(params) and all(space[n].holds(v) for n, v in params.items())


def typed(space: Space, params: Point) -> dict[str, Value]:
    """Returns `params` with whole numbers and fractions as their ranges have them."""
    kinds = {n: int if s.integer else float for n, s in space.items() if isinstance(s, SearchRange)}
    return {name: kinds.get(name, lambda v: v)(value) for name, value in params.items()}


def check_conditions(space: Space, *, keys: Mapping[str, str]) -> None:
    """Refuses a condition that could never be read; `keys` names each parameter's place.

    Raises:
        ConfigError: a condition on what is not searched or on a number without steps, on a value
            that is not among those searched, or one that leads back to its own parameter.
    """
    for name, searched in space.items():
        for parent, values in searched.when.items():
            _check_condition(space, parent, values, key=f"{keys[name]}.when.{parent}")
    try:
        order(space)
    except ValueError as circle:
        name = str(circle)
        raise ConfigError(
            f"{keys[name]}.when must be a condition on parameters that do not depend on {name} "
            f"but got {sorted(space[name].when)}; take one of the conditions out"
        ) from None


def _check_condition(space: Space, parent: str, values: Sequence[Value], *, key: str) -> None:
    if parent not in space:
        cure = suggestion(parent, space) or f"searched are {', '.join(space)}"
        raise ConfigError(f"{key} must be a searched parameter but is not one; {cure}")
    searched = space[parent]
    if isinstance(searched, SearchRange) and not searched.integer:
        raise ConfigError(
            f"{key} must be a choice or a whole number but got a range of fractions; "
            f"search {parent} as choices"
        )
    for value in values:
        if not searched.holds(value):
            raise ConfigError(
                f"{key} must be {searched.rule} but got {value!r}; correct it or add it there"
            )

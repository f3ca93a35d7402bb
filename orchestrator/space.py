"""What is searched for each method: ranges of numbers, checked against the method's own Config."""

from collections.abc import Mapping
from typing import Any

from pydantic import (
    BaseModel,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from evals import plugins
from evals.choice import Choice, Settings, explain, validated
from evals.errors import ConfigError, FieldError, suggestion
from trainers.hyperparameters import ranges

METHODS = "trainers.methods"
"""The package of the methods, named here because importing its home would import torch."""

SHARED = ("lr", "l1")
"""Searched for every method; a method's own `search` may give them another range."""


class SearchRange(Settings):
    """A closed interval to search, on a log scale if `log`; whole numbers only if `integer`."""

    low: float
    high: float
    log: bool = True
    integer: bool = False

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


class MethodSettings(Settings):
    """One method of a sweep: its complete hyperparameters and which of them are searched.

    Written as `{method: npo, beta: 0.1, retain_term: nll, search: {alpha: default}}`.
    """

    method: str
    settings: dict[str, JsonValue] = {}
    search: dict[str, SearchRange] = {}

    def choice(self, params: Mapping[str, float | int | str]) -> Choice:
        """Returns the method with `params` in place of what is searched.

        Raises:
            ConfigError: a value that the method's Config refuses.
        """
        return _choice(self.method, {**self.settings, **params}, key=self.method)

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Returns the form that `resolve_method` reads, so that a resolved config loads again."""
        plain = handler(self)
        fixed = {k: v for k, v in plain["settings"].items() if k not in plain["search"]}
        return {"method": plain["method"], **fixed, "search": plain["search"]}


def resolve_method(label: str, raw: object, *, key: str) -> MethodSettings:
    """Returns the settings of the method written as `raw` under `label`, its defaults filled in.

    Raises:
        ConfigError: an unknown method or hyperparameter, a value or a range that the method's
            Config refuses, or a hyperparameter that is both fixed and searched.
    """
    if isinstance(raw, MethodSettings):
        return raw
    if raw is not None and not isinstance(raw, Mapping):
        raise ConfigError(
            f"{key} must be a mapping of hyperparameters but got {raw!r}; write its keys below it"
        )
    fixed = dict(raw or {})
    name = str(fixed.pop("method", label))
    search = fixed.pop("search", None) or {}
    module = plugins.load(METHODS, name, key=f"{key}.method" if name != label else key)
    settings = _choice(name, fixed, key=key).settings
    searched = {
        parameter: _resolve_range(module.Config, parameter, entry, key=f"{key}.search")
        for parameter, entry in dict(search).items()
    }
    for parameter, interval in searched.items():
        if parameter in fixed:
            raise ConfigError(
                f"{key}.{parameter} must be either fixed or searched but got both "
                f"{fixed[parameter]!r} and a range; remove one of them"
            )
        _check_ends(module.Config, fixed, parameter, interval, key=f"{key}.search")
    return MethodSettings(method=name, settings=settings, search=searched)


def _choice(name: str, raw: Mapping[str, Any], *, key: str) -> Choice:
    model = plugins.load(METHODS, name, key=key).Config
    return Choice(name=name, settings=validated(model, raw, key=key).model_dump(mode="json"))


def _resolve_range(
    config: type[BaseModel], parameter: str, entry: object, *, key: str
) -> SearchRange:
    if parameter not in config.model_fields and parameter not in SHARED:
        known = [*SHARED, *config.model_fields]
        cure = suggestion(parameter, known) or f"it has {', '.join(known)}"
        raise ConfigError(
            f"{key}.{parameter} must be a hyperparameter of the method but is not one; {cure}"
        )
    if isinstance(entry, SearchRange):
        return entry
    if entry != "default":
        if not isinstance(entry, Mapping):
            raise ConfigError(
                f"{key}.{parameter} must be {{low: ..., high: ...}} or default but got {entry!r}; "
                "give a range"
            )
        interval: SearchRange = validated(SearchRange, entry, key=f"{key}.{parameter}")
        return interval
    declared = ranges(config)
    if parameter not in declared:
        raise ConfigError(
            f"{key}.{parameter} must be {{low: ..., high: ...}} but got 'default', which it has "
            f"not declared; give a range (with a default: {', '.join(declared) or 'none'})"
        )
    found = declared[parameter]
    return SearchRange(low=found.low, high=found.high, log=found.log, integer=found.integer)


def _check_ends(
    config: type[BaseModel],
    fixed: Mapping[str, Any],
    parameter: str,
    interval: SearchRange,
    *,
    key: str,
) -> None:
    """Refuses a range that reaches beyond what the method's Config takes."""
    if parameter not in config.model_fields:
        return
    whole = config.model_fields[parameter].annotation is int
    if whole and not interval.integer:
        raise ConfigError(
            f"{key}.{parameter}.integer must be true for a whole number but got False; set it"
        )
    for end in ("low", "high"):
        value = getattr(interval, end)
        try:
            config.model_validate({**fixed, parameter: int(value) if whole else value})
        except ValidationError as error:
            said = str(explain(error, config, key="")).removeprefix(parameter)
            raise ConfigError(f"{key}.{parameter}.{end}{said}") from None

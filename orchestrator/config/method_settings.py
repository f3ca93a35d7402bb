"""The methods of a sweep: hyperparameters, and what of them is searched, checked by the plug-in."""

from collections.abc import Mapping
from typing import Any

from pydantic import (
    BaseModel,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from evals import plugins
from evals.benchmark import forget_split
from evals.choice import Choice, Settings
from evals.errors import ConfigError, suggestion
from evals.validation import explain, validated
from orchestrator.config.own_recipe import own_recipe
from orchestrator.searching.shared_parameters import SHARED
from orchestrator.searching.space import Point, SearchChoices, Searched, SearchRange, Value
from trainers.hyperparameters import ranges

METHODS = "trainers.methods"
"""The package of the methods, named here because importing its home would import torch."""


class MethodSettings(Settings):
    """One method of a sweep: its complete hyperparameters and which of them are searched.

    Written as `{method: npo, beta: 0.1, search: {alpha: default}, first: [{alpha: 2}]}`.
    """

    method: str
    settings: dict[str, JsonValue] = {}
    search: dict[str, SearchRange | SearchChoices] = {}
    unsearched: tuple[str, ...] = ()
    """What `search` searches for every method and this one leaves at the recipe's value, written
    as `{search: {l1: null}}`."""
    first: tuple[dict[str, Value], ...] = ()
    """Points to try first, after those that `search.first` has for every method."""
    training: dict[str, JsonValue] = {}
    """What of `training` is otherwise for this method: anything but batches, optimizer and
    `max_length`, for which one engine serves all methods."""
    forget: str = ""
    """The part of what is to be forgotten that this method forgets, of a benchmark that has parts;
    empty: what the benchmark's settings say."""

    def choice(self, params: Point) -> Choice:
        """Returns the method with `params` in place of what is searched.

        Raises:
            ConfigError: a value that the method's Config refuses.
        """
        return _choice(self.method, {**self.settings, **params}, key=self.method)

    @property
    def split(self) -> str:
        """The split of the benchmark that holds what it forgets."""
        return forget_split(self.forget)

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Returns the form that `resolve_method` reads, so that a resolved config loads again."""
        plain = handler(self)
        fixed = {k: v for k, v in plain["settings"].items() if k not in plain["search"]}
        search = {**plain["search"], **dict.fromkeys(plain["unsearched"])}
        written = {"method": plain["method"], **fixed, "search": search, "first": plain["first"]}
        return {**written, **{key: plain[key] for key in ("training", "forget") if plain[key]}}


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
    search, first = fixed.pop("search", None) or {}, fixed.pop("first", None) or ()
    forget = fixed.pop("forget", None) or ""
    training = own_recipe(fixed.pop("training", None) or {}, key=f"{key}.training")
    if not isinstance(search, Mapping):
        raise ConfigError(
            f"{key}.search must be a mapping of hyperparameters to ranges but got {search!r}; "
            "write it like {beta: default}"
        )
    module = plugins.load(METHODS, name, key=f"{key}.method" if name != label else key)
    settings = _choice(name, fixed, key=key).settings
    unsearched = [name for name, entry in search.items() if entry is None and name in SHARED]
    searched = {
        parameter: _resolve(module.Config, parameter, entry, key=f"{key}.search")
        for parameter, entry in search.items()
        if parameter not in unsearched
    }
    for parameter, found in searched.items():
        if parameter in fixed:
            raise ConfigError(
                f"{key}.{parameter} must be either fixed or searched but got both "
                f"{fixed[parameter]!r} and a range; remove one of them"
            )
        _check_values(module.Config, fixed, parameter, found, key=f"{key}.search.{parameter}")
    made = {"method": name, "settings": settings, "search": searched, "first": first}
    made |= {"unsearched": unsearched, "training": training, "forget": forget}
    whole: MethodSettings = validated(MethodSettings, made, key=key)
    return whole


def _choice(name: str, raw: Mapping[str, Any], *, key: str) -> Choice:
    model = plugins.load(METHODS, name, key=key).Config
    return Choice(name=name, settings=validated(model, raw, key=key).model_dump(mode="json"))


def _resolve(config: type[BaseModel], parameter: str, entry: object, *, key: str) -> Searched:
    """Returns what is searched, from `default`, a range, choices, or changes to the default."""
    if parameter not in config.model_fields and parameter not in SHARED:
        known = [*SHARED, *config.model_fields]
        cure = suggestion(parameter, known) or f"it has {', '.join(known)}"
        raise ConfigError(
            f"{key}.{parameter} must be a hyperparameter of the method but is not one; {cure}"
        )
    if isinstance(entry, SearchRange | SearchChoices):
        return entry
    if entry != "default" and not isinstance(entry, Mapping):
        raise ConfigError(
            f"{key}.{parameter} must be {{low: ..., high: ...}}, {{choices: [...]}} or default "
            f"but got {entry!r}; give a range"
        )
    written = dict(entry) if isinstance(entry, Mapping) else {}
    if not written.keys() & {"low", "high", "choices"}:
        written = {**_declared(config, parameter, entry, key=key), **written}
    model = SearchChoices if "choices" in written else SearchRange
    found: Searched = validated(model, written, key=f"{key}.{parameter}")
    return found


def _declared(
    config: type[BaseModel], parameter: str, entry: object, *, key: str
) -> dict[str, Any]:
    declared = ranges(config)
    if parameter not in declared:
        raise ConfigError(
            f"{key}.{parameter} must be {{low: ..., high: ...}} or {{choices: [...]}} but got "
            f"{entry!r} and has no range declared; give one "
            f"(with a default: {', '.join(declared) or 'none'})"
        )
    found = declared[parameter]
    return {"low": found.low, "high": found.high, "log": found.log, "integer": found.integer}


def _check_values(
    config: type[BaseModel],
    fixed: Mapping[str, Any],
    parameter: str,
    found: Searched,
    *,
    key: str,
) -> None:
    """Refuses a range or a choice that reaches beyond what the method's Config takes."""
    if parameter not in config.model_fields:
        return
    whole = config.model_fields[parameter].annotation is int
    if whole and isinstance(found, SearchRange) and not found.integer:
        raise ConfigError(f"{key}.integer must be true for a whole number but got False; set it")
    under = {**fixed, **{parent: values[0] for parent, values in found.when.items()}}
    if not _holds(config, under):
        return  # the condition's own check says what is wrong with it
    names = ("low", "high") if isinstance(found, SearchRange) else ("choices",) * len(found.ends)
    for name, value in zip(names, found.ends, strict=True):
        try:
            config.model_validate({**under, parameter: value})
        except ValidationError as error:
            said = str(explain(error, config, key="")).removeprefix(parameter)
            raise ConfigError(f"{key}.{name}{said}") from None


def _holds(config: type[BaseModel], values: Mapping[str, Any]) -> bool:
    try:
        config.model_validate(values)
    except ValidationError:
        return False
    return True

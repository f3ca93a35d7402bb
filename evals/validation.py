"""Checks what people write against a model; a refusal names the key, the rule and the value."""

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from evals.errors import ConfigError, FieldError, cut, shown, suggestion


def validated(model: type[BaseModel], raw: Mapping[str, Any], *, key: str) -> Any:
    """Returns `model` made from `raw`.

    Raises:
        ConfigError: as `explain` says it, with `key` before the field's name.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise explain(error, model, key=key) from None


def explain(error: ValidationError, model: type[BaseModel], *, key: str) -> ConfigError:
    """Turns a complaint of pydantic into "<key> must be <rule> but got <value>; <cure>".

    A key that does not exist comes first: it may be why another one is missing. A validator over
    several fields names the one it complains about at the end of its message, "... (field)".
    """
    complaints = error.errors(include_url=False)
    first = next((c for c in complaints if c["type"] == "extra_forbidden"), complaints[0])
    where = _place(key, first["loc"])
    raised = first.get("ctx", {}).get("error")
    if isinstance(raised, ConfigError):
        return raised
    if isinstance(raised, FieldError):
        return ConfigError(_join(where, str(raised)))
    if first["type"] == "extra_forbidden":
        return _unknown_key(first["loc"], model, key=key)
    if first["type"] == "missing":
        return ConfigError(f"{where} must be given but is missing; add it")
    rule, value = _rule(first), first["input"]
    named = re.fullmatch(r"(.*) \((\w+)\)", rule)
    if isinstance(value, Mapping) and named is not None:
        rule, field = named.groups()
        where, value = _join(where, field), _value_of(field, first, model)
    return ConfigError(f"{where} must be {rule} but got {shown(value)}; {_cure(first)}")


def _place(key: str, loc: tuple[str | int, ...]) -> str:
    return _join(key, *(cut(str(part)) for part in loc))


def _join(*parts: str | int) -> str:
    return ".".join(str(part) for part in parts if part != "")


def _unknown_key(loc: tuple[str | int, ...], model: type[BaseModel], *, key: str) -> ConfigError:
    folder = _place(key, loc[:-1])
    known = list(_model_at(model, loc[:-1]).model_fields)
    prefix = f"{folder}." if folder else ""
    cure = suggestion(str(loc[-1]), known, prefix=prefix) or f"known keys: {', '.join(known)}"
    return ConfigError(f"{_place(key, loc)} must be a known key but is not one; {cure}")


def _model_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel]:
    """Returns the model that holds the field named last in `loc`, walking down from `model`."""
    for part in loc:
        if str(part) in model.model_fields:
            model = _model_in(model.model_fields[str(part)].annotation) or model
    return model


def _value_of(field: str, complaint: ErrorDetails, model: type[BaseModel]) -> Any:
    """Returns what was given for `field`, or its default."""
    if field in complaint["input"]:
        return complaint["input"][field]
    known = _model_at(model, complaint["loc"]).model_fields
    return known[field].default if field in known else None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _rule(complaint: ErrorDetails) -> str:
    if complaint["type"] in ("model_type", "dict_type", "mapping_type"):
        return "a mapping of keys to values"
    for kind, rule in _RULES.items():
        if complaint["type"].startswith(kind):
            return rule.format(**complaint.get("ctx", {}))
    text = re.sub(r"^(Value error, |Input should be )", "", complaint["msg"])
    return text[:1].lower() + text[1:]


def _cure(complaint: ErrorDetails) -> str:
    kind, context = complaint["type"], complaint.get("ctx", {})
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'", str(context["expected"]))
        return suggestion(str(complaint["input"]), choices) or "choose one of these"
    limits = {
        "greater_than": "give more than {gt:g}",
        "greater_than_equal": "give {ge:g} or more",
        "less_than": "give less than {lt:g}",
        "less_than_equal": "give {le:g} or less",
    }
    if kind in limits:
        return limits[kind].format(**context)
    if kind == "string_pattern_mismatch":
        return "rename it"
    return _TYPE_CURES.get(kind.split("_")[0], "change it")


_RULES = {
    "int_": "a whole number",
    "float_": "a number",
    "bool_": "true or false",
    "string_type": "text",
    "string_too_short": "text of at least {min_length} letters",
    "string_too_long": "text of at most {max_length} letters",
    "string_pattern_mismatch": "text like {pattern}",
    "path_type": "a path",
    "tuple_type": "a list",
    "list_type": "a list",
    "too_short": "{min_length} or more entries",
}
"""Rules by the start of pydantic's error type, where its own words do not follow "must be"."""

_TYPE_CURES = {
    "path": "give the path as text",
    "too": "name at least one",
    "int": "give a whole number",
    "float": "give a number",
    "finite": "give a finite number",
    "bool": "give true or false",
    "string": "give text",
    "tuple": "give a list like [a, b]",
    "list": "give a list like [a, b]",
    "model": "write its keys below it",
    "dict": "write its keys below it",
}

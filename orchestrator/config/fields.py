"""Fields of a pydantic model as rows of a table: default, what it takes, range, explanation."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from orchestrator.storage.address import Address
from trainers.hyperparameters import Range, ranges

PLAIN = {
    int: "whole number",
    float: "number",
    bool: "true, false",
    str: "text",
    Path: "path",
    Address: "text",
    NoneType: "null",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One field as a person reads it; `searched` is empty where no range is declared."""

    name: str
    default: str
    takes: str
    searched: str
    what: str


def rows(model: type[BaseModel]) -> Iterator[Row]:
    """Yields the fields of `model` in the order of their declaration."""
    explained, declared = docstrings(model), ranges(model)
    for name, field in model.model_fields.items():
        searched = _interval(declared[name]) if name in declared else ""
        yield Row(name, _default(field), _takes(field), searched, in_yaml(explained.get(name, "")))


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Returns the text under each attribute of `model` and its bases, on one line."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, BaseModel) and cls is not BaseModel:
            found |= _own_docstrings(cls)
    return found


def sections(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Returns the fields of `model` that are models themselves, optional ones included."""
    found = {name: model_in(field.annotation) for name, field in model.model_fields.items()}
    return {name: inner for name, inner in found.items() if inner is not None}


def model_in(annotation: object) -> type[BaseModel] | None:
    """Returns the model that a field is, or may be; None where it is a plain value."""
    options = get_args(annotation) if _is_union(annotation) else (annotation,)
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)


def in_yaml(text: str) -> str:
    """Returns a docstring's text with the null of YAML for None, as in "None is no limit"."""
    return re.sub(r"(^|[.] |\n)null\b", r"\1Null", re.sub(r"\bNone\b", "null", text))


def as_yaml(value: object) -> str:
    """Returns a value as a person would write it in YAML, on one line."""
    if isinstance(value, BaseModel):
        value = {
            n: getattr(value, n) for n in type(value).model_fields if n in value.model_fields_set
        }
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_yaml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    return _plain_yaml(value)


def _plain_yaml(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return text if text and text == text.strip() else f'"{text}"'.replace("\n", "\\n")


def _own_docstrings(cls: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    found: dict[str, str] = {}
    for field, after in zip(body, body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[field.target.id] = " ".join(str(after.value.value).split())
    return found


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel) and not default.model_fields_set:
        return "below"
    return f"`{as_yaml(default)}`"


def _takes(field: FieldInfo) -> str:
    """Returns the values that a field takes: its type, then its limits."""
    limits = ", ".join(filter(None, map(_limit, field.metadata)))
    kind, null, _ = _kind(field.annotation).partition(" or null")
    takes = " ".join(filter(None, [kind, limits]))
    return f"{takes}, or null" if null else takes


def _kind(annotation: object) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is Literal:
        return ", ".join(f"`{as_yaml(value)}`" for value in inner)
    if _is_union(annotation):
        return " or ".join(map(_kind, inner))
    if origin is tuple or annotation is tuple:
        return "list"
    if origin is dict:
        return "mapping"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    return PLAIN.get(annotation, "value") if isinstance(annotation, type) else "value"


def _is_union(annotation: object) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _limit(entry: Any) -> str:
    match entry:
        case Ge(ge=low):
            return f">= {low:g}"
        case Gt(gt=low):
            return f"> {low:g}"
        case Le(le=high):
            return f"<= {high:g}"
        case Lt(lt=high):
            return f"< {high:g}"
        case MinLen(min_length=least):
            return f"({least} or more)" if least > 1 else "(not empty)"
    return ""


def _interval(found: Range) -> str:
    notes = [note for note, holds in (("log", found.log), ("whole", found.integer)) if holds]
    return ", ".join([f"{found.low:g} to {found.high:g}", *notes])

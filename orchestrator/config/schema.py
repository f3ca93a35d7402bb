"""A sweep's YAML as a JSON Schema (draft 2020-12), by which editors complete and check it.

It is no stricter than loading: what holds between keys is left to that.
"""

from typing import Any

from pydantic import BaseModel

from evals import plugins
from evals.choice import Choice
from evals.metric import PACKAGE as METRICS
from evals.settings import EvaluationSettings
from orchestrator.config.disk import DiskSettings
from orchestrator.config.fields import docstrings, in_yaml, sections
from orchestrator.config.gang import GangSettings
from orchestrator.config.method_settings import METHODS, MethodSettings
from orchestrator.config.sweep_config import PLUGINS, SweepConfig
from orchestrator.searching.constraints import Constraint
from orchestrator.searching.settings import SearchSettings
from trainers.settings import TrainingSettings

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SIZE: Schema = {"type": ["integer", "string", "null"]}
"""Bytes, which are also written with a unit, as 4MB."""


def sweep_schema() -> Schema:
    """Returns the schema of a whole sweep, plug-ins and their settings included."""
    whole = SweepConfig.model_json_schema()
    definitions: dict[str, Schema] = whole["$defs"]
    for model in _models(SweepConfig):
        _explain(whole if model is SweepConfig else definitions[model.__name__], model)
    for key, package in PLUGINS.items():
        whole["properties"][key] = _plug_in(package, definitions)
    gang: Schema = {"anyOf": [{"enum": ["auto"]}, {"$ref": f"#/$defs/{GangSettings.__name__}"}]}
    _say(whole["properties"]["gang"], gang)
    _say(whole["properties"]["methods"], _methods(definitions))
    metrics = {"enum": list(plugins.names(METRICS))}
    _say(definitions[SearchSettings.__name__]["properties"]["constraints"], _constraints(metrics))
    definitions[EvaluationSettings.__name__]["properties"]["metrics"]["items"] = metrics
    for name in ("quota", "reserve"):
        _say(definitions[DiskSettings.__name__]["properties"][name], SIZE)
    return {"$schema": DIALECT, **whole, "title": "A sweep of Lethe"}


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Returns `model` and every model within it."""
    inner = (found for found in sections(model).values() if found is not Choice)
    return {model}.union(*map(_models, inner))


def _explain(schema: Schema, model: type[BaseModel]) -> None:
    """Gives each property what stands under its field."""
    said = docstrings(model)
    for name, found in schema.get("properties", {}).items():
        found.pop("title", None)
        if name in said:
            found["description"] = in_yaml(said[name])


def _say(old: Schema, new: Schema) -> None:
    """Puts a schema in the place of another, whose description and default stay."""
    kept = {name: old[name] for name in ("description", "default") if name in old}
    old.clear()
    old.update(new, **kept)


def _plug_in(package: str, definitions: dict[str, Schema]) -> Schema:
    """Returns what chooses a plug-in: its name, or a mapping with the name and its settings."""
    names = list(plugins.names(package))
    written = [_with(_own(package, name, definitions), "name", name) for name in names]
    return {"anyOf": [{"enum": names}, *written]}


def _methods(definitions: dict[str, Schema]) -> Schema:
    """Returns what lists methods, or has them by label with hyperparameters and ranges."""
    names = list(plugins.names(METHODS))
    recipe: Schema = {"$ref": f"#/$defs/{TrainingSettings.__name__}"}
    every: Schema = {
        "search": {"type": "object"},
        "first": {"type": "array", "items": {"type": "object"}},
        "training": recipe,
        "forget": {"type": "string", "description": in_yaml(docstrings(MethodSettings)["forget"])},
    }
    by_label, labelled = {}, []
    for name in names:
        own = _own(METHODS, name, definitions)
        own["properties"] |= every
        definitions[f"method.{name}"] = _with(own, "method", name)
        definitions[f"label.{name}"] = {**definitions[f"method.{name}"], "required": []}
        labelled.append({"$ref": f"#/$defs/method.{name}"})
        own_or_named = ({"$ref": f"#/$defs/label.{name}"}, {"$ref": "#/$defs/method"})
        by_label[name] = {"anyOf": [{"type": "null"}, *own_or_named]}
    definitions["method"] = {"anyOf": labelled}  # whatever its label, of another method's name, too
    mapping = {
        "type": "object",
        "minProperties": 1,
        "properties": by_label,
        "additionalProperties": {"$ref": "#/$defs/method"},
    }
    return {"anyOf": [{"type": "array", "items": {"enum": names}, "minItems": 1}, mapping]}


def _constraints(metrics: Schema) -> Schema:
    bound: Schema = {"anyOf": [{"type": "null"}, {"$ref": f"#/$defs/{Constraint.__name__}"}]}
    return {"type": "object", "propertyNames": metrics, "additionalProperties": bound}


def _own(package: str, name: str, definitions: dict[str, Schema]) -> Schema:
    """Returns the schema of a plug-in's settings; what it has within joins the definitions."""
    config = plugins.load(package, name, key="name").Config
    made: Schema = config.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    _explain(made, config)
    for inner, schema in made.pop("$defs", {}).items():
        definitions[f"{name}.{inner}"] = schema
    return {"properties": {}, **made, "title": name}


def _with(own: Schema, key: str, name: str) -> Schema:
    """Returns the schema of a plug-in's settings beside the key that chooses it."""
    required = [key, *own.get("required", ())]
    return {**own, "properties": {key: {"const": name}, **own["properties"]}, "required": required}

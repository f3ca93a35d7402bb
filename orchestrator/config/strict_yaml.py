"""YAML as people mean it: a key given twice is an error, and 1e-5 is a number."""

import re
from typing import Any

import yaml

from evals.errors import ConfigError

MERGE_TAG = "tag:yaml.org,2002:merge"


class StrictLoader(yaml.SafeLoader):
    """Refuses duplicate keys and reads floats as YAML 1.2 does."""


def parse(text: str, *, source: str) -> Any:
    """Returns the value of the YAML document `text`.

    Raises:
        ConfigError: not YAML, or a key given twice; names `source`, line and column.
    """
    try:
        return yaml.load(text, Loader=StrictLoader)  # noqa: S506  (a SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(
            f"{source} must be valid YAML but got an error{place}: {problem}; correct it there"
        ) from None


def _construct_mapping(loader: StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    mapping: dict[Any, Any] = {}
    inherited: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        if key_node.tag == MERGE_TAG:
            inherited |= _merged(loader, value_node)
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str | int | float | bool):
            raise yaml.constructor.ConstructorError(
                None, None, f"a key that is not plain text: {key!r}", key_node.start_mark
            )
        if key in mapping:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} twice", key_node.start_mark
            )
        mapping[key] = loader.construct_object(value_node, deep=True)
    return {**inherited, **mapping}


def _merged(loader: StrictLoader, node: yaml.Node) -> dict[Any, Any]:
    """Returns what `<<: *anchor` or `<<: [*one, *other]` brings; of several the first wins."""
    given = loader.construct_object(node, deep=True)
    merged: dict[Any, Any] = {}
    for each in reversed(given if isinstance(given, list) else [given]):
        if not isinstance(each, dict):
            raise yaml.constructor.ConstructorError(
                None, None, f"<< must be a mapping but got {each!r}", node.start_mark
            )
        merged |= each
    return merged


StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct_mapping)
StrictLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)

"""JSON as Lethe itself writes it: an object, whatever a disk or a hand has made of the file."""

import json
from typing import Any

from evals.errors import shown

MAX_DEPTH = 60
"""Of what Lethe writes nothing is nested nearly as deep."""


def json_object(text: str | bytes) -> dict[str, Any]:
    """Returns the object that `text` is.

    Raises:
        ValueError: no JSON, something else than an object, or nested too deep.
    """
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("lists in lists in lists") from None
    if not isinstance(found, dict):
        raise ValueError(f"{shown(found)}, which is no object")
    level: list[Any] = [found]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inner(outer)]
    if level:
        raise ValueError("lists in lists in lists")
    return found


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []

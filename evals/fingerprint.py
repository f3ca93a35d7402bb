"""The fingerprint of a benchmark: a hash of all that it holds, so that nothing can be left out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any


def fingerprint(held: Mapping[str, object]) -> str:
    """Returns the SHA-256 (hex) of `held` in canonical JSON.

    A mapping is taken by its keys; the order of anything else counts, because it decides what is
    drawn and scored. Of a dataclass every field enters, whatever fields there are. Where the data
    came from does not enter.

    Raises:
        TypeError: something in it has no canonical form; it would silently be left out.
    """
    canonical = json.dumps(_content(held), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _content(value: Any) -> Any:
    """Returns what JSON can say of `value`; anything large says it by a `content` of its own."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if callable(getattr(value, "content", None)):
        return _content(value.content())
    if is_dataclass(value):
        return [_content(getattr(value, each.name)) for each in fields(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _content(held) for key, held in value.items()}
    if isinstance(value, Sequence):
        return [_content(held) for held in value]
    raise TypeError(
        "a benchmark must hold text, numbers, bytes, dataclasses of these, mappings by text, or "
        f"what has a content() but got {type(value).__name__}"
    )

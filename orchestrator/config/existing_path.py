"""Paths of what exists are made absolute: a rank may run in another folder."""

from collections.abc import Mapping
from typing import Any

from evals.paths import read_path


def absolute_if_there(given: str, *, key: str) -> str:
    """Returns the absolute path of what is there, or else what was given: a hub id, say.

    Raises:
        ConfigError: it can be no path; `key` is what a person gave it as.
    """
    path = read_path(given, key=key)
    return str(path.resolve()) if path.exists() else given


def anchored(raw: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Returns a plug-in's settings with paths that exist made absolute.

    A rank may run in another folder. Paths are called `path` or `..._file`.
    """
    return {
        name: absolute_if_there(given, key=f"{key}.{name}")
        if isinstance(given, str) and given and (name == "path" or str(name).endswith("_file"))
        else given
        for name, given in raw.items()
    }

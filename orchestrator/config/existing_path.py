"""Paths of what exists are made absolute: a rank may run in another folder."""

from evals.paths import read_path


def absolute_if_there(given: str, *, key: str) -> str:
    """Returns the absolute path of what is there, or else what was given: a hub id, say.

    Raises:
        ConfigError: it can be no path; `key` is what a person gave it as.
    """
    path = read_path(given, key=key)
    return str(path.resolve()) if path.exists() else given

"""The one error a user can cause, and how a name that does not exist is answered."""

import difflib
from collections.abc import Iterable


class ConfigError(ValueError):
    """Raised when something a user wrote or pointed to cannot be used.

    The message names the key or file, the rule, the value and the cure:
    "<key> must be <rule> but got <value>; <what to do>".
    """


def unknown_name(key: str, name: str, known: Iterable[str]) -> ConfigError:
    """Returns the error for `name` at `key`, listing what exists and the nearest match."""
    choices = sorted(known)
    nearest = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    cure = f"did you mean {nearest[0]!r}?" if nearest else "choose one of these"
    return ConfigError(f"{key} must be one of {', '.join(choices)} but got {name!r}; {cure}")

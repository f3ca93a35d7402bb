"""The one error a user can cause, and how a name that does not exist is answered."""

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

NO_ALIASES: Mapping[str, str] = MappingProxyType({})


class ConfigError(ValueError):
    """Raised when something a user wrote or pointed to cannot be used.

    The message names the key or file, the rule, the value and the cure:
    "<key> must be <rule> but got <value>; <what to do>".
    """


class OutOfReach(ConfigError):
    """Raised when something cannot be had for want of a network: elsewhere it may be in order."""


class FieldError(ValueError):
    """Raised by a Settings validator for a rule between fields.

    The message begins with the field's own name, "<field> must be <rule> but got <value>;
    <what to do>"; `evals.validation.explain` puts the rest of the key in front.
    """


def unknown_name(
    key: str, name: str, known: Iterable[str], *, aliases: Mapping[str, str] = NO_ALIASES
) -> ConfigError:
    """Returns the error for `name` at `key`, listing what exists and the nearest match.

    `aliases` leads from what else one of them is called to its name.
    """
    choices = sorted(known)
    cure = suggestion(name, choices, aliases=aliases) or "choose one of these"
    return ConfigError(f"{key} must be one of {', '.join(choices)} but got {shown(name)}; {cure}")


def suggestion(
    name: str,
    known: Iterable[str],
    *,
    prefix: str = "",
    aliases: Mapping[str, str] = NO_ALIASES,
) -> str | None:
    """Returns "did you mean '<prefix><nearest>'?", or None when nothing is near.

    Neither case nor what stands between letters counts, and an alias leads to what it stands for.
    """
    meant = {_plain(alias): found for alias, found in aliases.items()}
    meant |= {_plain(each): each for each in sorted(known)}
    nearest = difflib.get_close_matches(_plain(name), meant, n=1, cutoff=0.5)
    return f"did you mean {prefix + meant[nearest[0]]!r}?" if nearest else None


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def shown(value: object, *, limit: int = 80) -> str:
    """Returns `value` as a message shows it: what is longer than `limit` is cut, with its length.

    Never raises, whatever the value.
    """
    if isinstance(value, str | bytes):
        start = repr(value[:limit])
        return start if len(value) <= limit else f"{start}... ({len(value)} characters)"
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # integers of thousands of digits; lists in lists in lists
        return f"a value ({type(value).__name__}) too large to be shown"
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def cut(text: str, *, limit: int = 80) -> str:
    """Returns `text` as a message names it: cut after `limit` characters, and fit to be printed."""
    start = text[:limit].encode("utf-8", "backslashreplace").decode("utf-8")
    return start if len(text) <= limit else f"{start}... ({len(text)} characters)"

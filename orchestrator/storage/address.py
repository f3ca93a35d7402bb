"""An address whose secrets are used and never written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from evals.errors import ConfigError
from orchestrator.storage.masking import (
    MASK,
    SHORTEST,
    anonymous,
    basic_form,
    forms,
    masked,
    secret_spans,
    without,
)

NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})
_NAME = re.compile(r"\$(?P<escaped>\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Address:
    """The URL of a server, a database or a storage.

    `shown` is what may be written anywhere: as a person wrote it, with `${NAME}` where it refers to
    the environment and `***` for a secret in plain text. `used` has everything in its place; in it
    `${NAME}` stays where the environment lacks it (`unset`), and `***` where only what was written
    is known.
    """

    shown: str
    used: str = field(repr=False)
    unset: tuple[str, ...] = ()
    _secrets: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @classmethod
    def of(cls, text: str, environment: Mapping[str, str] = NO_ENVIRONMENT) -> "Address":
        """Returns the address that a person has given as `text`."""
        used, unset = expanded(text, environment)
        return cls(masked(text), used, unset, frozenset(_secrets(text, used, environment)))

    def __str__(self) -> str:
        return self.shown

    @property
    def identity(self) -> str:
        """What tells it from other addresses, whatever the secrets are."""
        return anonymous(self.used)

    @property
    def is_plain(self) -> bool:
        """Whether a secret stands in it in plain text."""
        return MASK in self.shown and MASK not in self.used

    def check(self, key: str) -> None:
        """Refuses an address of which something is not known.

        Raises:
            ConfigError: names the key and the cure.
        """
        if self.unset:
            name = self.unset[0]
            raise ConfigError(
                f"{key} must refer to names in the environment but got {self.shown!r} without "
                f"{name} there; set {name}, or write $${{{name}}} for the text itself"
            )
        if MASK in self.used:
            raise ConfigError(
                f"{key} must be given with its secret but got {self.shown!r}, from which it was "
                f"left out when it was written; give {key}=<address> again, with ${{NAME}} "
                "for the secret to have it read from the environment"
            )

    def cleaned(self, text: object) -> str:
        """Returns what a library says, without the address's secrets."""
        return without(str(text), self._secrets)


def expanded(text: str, environment: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Returns `text` with `${NAME}` read from the environment, and the names that it lacks.

    `$${` is `${` itself.
    """
    unset = list[str]()

    def value(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return "${"
        if name not in environment:
            unset.append(name)
            return found[0]
        return environment[name]

    return _NAME.sub(value, text), tuple(unset)


def names_in(text: str) -> list[str]:
    """Returns the names that a text refers to."""
    return [found["name"] for found in _NAME.finditer(text) if found["name"] is not None]


def _secrets(text: str, used: str, environment: Mapping[str, str]) -> set[str]:
    """Returns all that must not be said: secrets of the URL, and what came from the environment.

    A value of the environment that is short, or a URL of its own, counts where it is a secret only.
    """
    spans = secret_spans(used)
    said = [used[span.start : span.end] for span in spans]
    values = [environment[name] for name in names_in(text) if name in environment]
    said += [each for each in values if len(each) >= 2 * SHORTEST and "://" not in each]
    # A library takes a password that is not encoded for a port or a host, and names that part.
    parts = [part for each in said for part in re.split(r"[/?#@]", each) if part != each]
    found = {form for each in (*said, *parts) for form in forms(each)}
    if spans and used[spans[0].end : spans[0].end + 1] == "@":
        start = used.index("://") + 3
        found.add(basic_form(used[start : max(start, spans[0].start - 1)], said[0]))
    return found - {MASK}

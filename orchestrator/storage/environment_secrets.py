"""The secrets that a process was given in its environment, so that no error's text has them."""

import os
from collections.abc import Collection, Iterator, Mapping

from orchestrator.storage.masking import SECRET_NAME, SHORTEST, forms, secret_spans

FOLDERS = ("PWD", "OLDPWD")
"""Named like a password, and none."""


def secrets_of(environment: Mapping[str, str], *, referred: Collection[str] = ()) -> frozenset[str]:
    """Returns every secret of `environment`, in every form in which a library may say it.

    These are the values of names that sound like one, and of those that a config has `referred` to
    in an address; and what is secret in a URL. What is short, or the path of something, is none.
    """
    found = {
        secret
        for name, value in environment.items()
        for secret in _in_value(name, value, referred=name in referred)
    }
    return frozenset(form for secret in found for form in forms(secret))


def _in_value(name: str, value: str, *, referred: bool) -> Iterator[str]:
    if "://" in value:
        yield from (value[span.start : span.end] for span in secret_spans(value))
        return
    is_named = SECRET_NAME.search(name) is not None and name not in FOLDERS
    # A short text is in every other word, unless it is known to be the secret of an address.
    shortest = SHORTEST if is_named and referred else 2 * SHORTEST
    if (is_named or referred) and len(value) >= shortest and not os.path.exists(value):
        yield value

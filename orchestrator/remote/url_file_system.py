"""The file system at a URL, by fsspec: opened, and asked so that all failures are of one kind."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from evals.errors import ConfigError
from orchestrator.storage.address import Address

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

T = TypeVar("T")


class Unreachable(Exception):
    """Raised when the URL cannot be read or written now; another time may be better."""


def opened(address: Address) -> "tuple[AbstractFileSystem, str]":
    """Returns the file system at the address, which may have been talked to or not, and the path.

    Raises:
        ConfigError: there is none of this kind.
    """
    from fsspec.core import url_to_fs

    url, options = _with_options(address.used)
    try:
        found: tuple[Any, str] = attempt(lambda: url_to_fs(url, **options), address)
    except Unreachable as error:
        raise unusable(address.shown.rstrip("/"), error) from None
    return found[0], found[1].rstrip("/")


def attempt(call: Callable[[], T], address: Address) -> T:
    """Returns what `call` does; every store fails with errors of its own."""
    try:
        return call()
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001  the store boundary: a sweep outlives it
        raise Unreachable(address.cleaned(f"{type(error).__name__}: {error}")) from error


def unusable(url: str, why: object) -> ConfigError:
    """Returns the error for a URL that cannot be used as a storage."""
    return ConfigError(
        f"storage must be a folder, or a URL that fsspec can read and write, but got {url!r} "
        f"({why}); correct it, install what it needs, or see to its credentials and network"
    )


def _with_options(url: str) -> tuple[str, dict[str, Any]]:
    """Returns a URL without its query, and the query as options of the last file system in it.

    A query that is not one of names and values belongs to a file's name, and HTTP's to its URL.
    """
    place, _, query = url.partition("?")
    scheme = place.partition("://")[0].rpartition("::")[2]
    if scheme.startswith("http") or not re.fullmatch(r"\w+=[^&]*(&\w+=[^&]*)*", query):
        return url.rstrip("/"), {}
    options: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    return place.rstrip("/"), {scheme: options} if "::" in place else options

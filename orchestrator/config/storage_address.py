"""Where a sweep is kept: a folder, or a URL with a folder in which it works."""

import hashlib
import re
from pathlib import Path
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

from evals.errors import ConfigError
from orchestrator.storage.address import Address


def _read(raw: object) -> Path | Address:
    if isinstance(raw, Address):
        return raw if is_url(raw.used) else Path(raw.used)
    if not isinstance(raw, Path | str) or not str(raw):
        raise ValueError("a folder or a URL")
    return Address.of(raw) if isinstance(raw, str) and is_url(raw) else Path(raw)


StorageAddress = Annotated[Path | Address, PlainValidator(_read), PlainSerializer(str)]
"""A folder as a Path, or a URL, of which secrets are never written."""


def is_url(address: str) -> bool:
    """Returns whether the address is a URL, "s3://bucket/lethe"."""
    return re.match(r"^[a-z][a-z0-9+.-]*(::[a-z][a-z0-9+.-]*)*://", address) is not None


def check_no_url(path: str, *, option: str) -> None:
    """Refuses a URL where the folder is wanted that a sweep's driver works in.

    Raises:
        ConfigError: it is one; `option` is what a person has given it as.
    """
    if is_url(path):
        raise ConfigError(
            f"{option} must be the folder that the sweep's driver works in but got {path}; run "
            "this on the driver's machine, with the folder of the sweep in its cache"
        )


def working_folder(address: Path | Address, cache: Path) -> Path:
    """Returns the folder to work in: the address itself, or the URL's own place in `cache`.

    Its name has nothing of the URL's secrets: with another password it is the same.
    """
    if isinstance(address, Path):
        return address.expanduser().resolve()
    readable = re.sub(r"[^A-Za-z0-9]+", "-", address.shown.rstrip("/")).strip("-")[-40:]
    digest = hashlib.sha256(address.identity.rstrip("/").encode()).hexdigest()[:8]
    return (cache / f"{readable}-{digest}").expanduser().resolve()

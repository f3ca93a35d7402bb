"""Where a sweep is kept: a folder, or a URL with a folder in which it works."""

import hashlib
import re
from pathlib import Path
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator


def _read(raw: object) -> Path | str:
    if not isinstance(raw, Path | str) or not str(raw):
        raise ValueError("a folder or a URL")
    return raw if isinstance(raw, str) and is_url(raw) else Path(raw)


StorageAddress = Annotated[Path | str, PlainValidator(_read), PlainSerializer(str)]
"""A folder as a Path, or a URL as text."""


def is_url(address: str) -> bool:
    """Returns whether the address is a URL, "s3://bucket/lethe"."""
    return re.match(r"^[a-z][a-z0-9+.-]*(::[a-z][a-z0-9+.-]*)*://", address) is not None


def working_folder(address: Path | str, cache: Path) -> Path:
    """Returns the folder to work in: the address itself, or the URL's own place in `cache`."""
    if isinstance(address, Path):
        return address.expanduser().resolve()
    url = address.rstrip("/")
    readable = re.sub(r"[^A-Za-z0-9]+", "-", url).strip("-")[-40:]
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return (cache / f"{readable}-{digest}").expanduser().resolve()

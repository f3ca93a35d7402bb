"""Many pictures in the files of others, read once and then kept as pixels."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from evals.errors import ConfigError
from evals.pictures import reading
from evals.pictures.picture import Pixels
from evals.pictures.reading import read_pixels
from evals.pictures.store import Found, store_key, stored_pictures

Files = Callable[[], Iterable[tuple[str, bytes]]]
"""Gives what each picture is called and the bytes of its file, in order, as often as it is asked.

One that has no bytes to give raises a ConfigError of its own, or gives none.
"""


def read_pictures(files: Files, *, size: int, skip_unreadable: bool, folder: Path | None) -> Found:
    """Returns the pictures, `size` pixels a side; None for an unreadable one that is skipped.

    They are kept in `folder` by the content of their files, so that it does not matter where these
    lie.

    Raises:
        ConfigError: a picture cannot be read and is not to be skipped, or changes meanwhile.
    """
    digests = [hashlib.sha256(data).hexdigest() for _, data in files()]
    key = store_key([size, skip_unreadable, digests], code=[reading.__file__])

    def made() -> Iterator[Pixels | None]:
        for digest, (where, data) in zip(digests, files(), strict=True):
            if hashlib.sha256(data).hexdigest() != digest:
                raise ConfigError(
                    f"{where} must stay as it is while it is read but got another content; "
                    "begin again when nobody writes there"
                )
            yield _pixels(data, where, size, skip_unreadable)

    return stored_pictures(made, key=key, count=len(digests), size=size, folder=folder)


def _pixels(data: bytes, where: str, size: int, skip_unreadable: bool) -> Pixels | None:
    try:
        return read_pixels(data, size=size, where=where)
    except ConfigError:
        if skip_unreadable:
            return None
        raise

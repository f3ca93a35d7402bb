"""A folder that is to be written to: made if need be, or refused by the key that names it."""

import os
from pathlib import Path

from evals.errors import ConfigError
from trainers.disk_full import lacks_room


def make_folder(folder: Path, *, key: str = "storage") -> Path:
    """Makes the folder, unless it is there, and returns it.

    Raises:
        ConfigError: it cannot be made or written to.
        OSError: there is no room on the disk.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if lacks_room(error):
            raise
        raise unwritable(folder, error.strerror, key=key) from None
    check_writable(folder, key=key)
    return folder


def check_writable(folder: Path, *, key: str = "storage") -> None:
    """Refuses what is there and is no folder, or one that may only be read."""
    if not folder.is_dir():
        raise unwritable(folder, "it is a file", key=key)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unwritable(folder, "it may only be read", key=key)


def unwritable(folder: Path, reason: str | None, *, key: str = "storage") -> ConfigError:
    """Returns the refusal of a folder that cannot be written to for the `reason`.

    `key` is a setting, or an option of a program if it begins with a dash.
    """
    cure = "choose another one" if key.startswith("-") else f"choose another with {key}=<folder>"
    return ConfigError(
        f"{key} must be a folder that can be written to but got {str(folder)!r} ({reason}); {cure}"
    )

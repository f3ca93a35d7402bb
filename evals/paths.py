"""Paths as people write them: `~` is their home, and what no file system takes is refused."""

import os
from pathlib import Path

from evals.errors import ConfigError, shown

MAX_NAME, MAX_PATH = 255, 3000
"""Bytes in one name and in a whole path; Linux takes 4095, some of them for what lies below."""


def read_path(given: str | os.PathLike[str], *, key: str) -> Path:
    """Returns the path that `given` stands for, whether or not anything is there.

    Raises:
        ConfigError: `~name` is nobody's home, it holds a NUL, or is too long; `key` is what a
            person gave it as.
    """
    text = os.fspath(given)
    encoded = os.fsencode(text) if not _has_surrogates(text) else None
    if encoded is None or b"\0" in encoded:
        raise _refusal(key, "a path without characters that no file system takes", text)
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise _refusal(key, "a path whose ~ is somebody's home", text) from None
    names = [os.fsencode(part) for part in path.parts]
    if max(map(len, names), default=0) > MAX_NAME or len(os.fsencode(path)) > MAX_PATH:
        rule = f"a path of at most {MAX_PATH} bytes, with at most {MAX_NAME} between its slashes,"
        raise _refusal(key, rule, text)
    return path


def _has_surrogates(text: str) -> bool:
    """Returns whether `text` holds what cannot be written as a file name."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return True
    return False


def _refusal(key: str, rule: str, text: str) -> ConfigError:
    return ConfigError(f"{key} must be {rule} but got {shown(text)}; correct the path")

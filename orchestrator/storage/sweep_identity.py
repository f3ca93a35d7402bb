"""The name that a sweep's folder alone has, wherever it is moved: MLflow knows the sweep by it.

`sweep.id` holds it, with the folder that it was given to. A copy of a folder would go on with the
runs of the original, so it is refused for as long as both are there.
"""

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

from evals.errors import ConfigError, shown
from orchestrator.storage.durable import replace_durably
from orchestrator.storage.files import IDENTITY_FILE

FORM = re.compile(r"([0-9a-f]{32})\n?(?:(.+)\n)?")


def sweep_identity(folder: Path, *, lost: str | None = None) -> str:
    """Returns the 32 digits that the sweep in `folder` is known by, made on first use.

    `lost` are those that it had before its file was removed, if they are known.

    Raises:
        ConfigError: the file does not hold any.
    """
    file, here = folder / IDENTITY_FILE, str(folder.resolve())
    identity, home = _read(folder) if file.exists() else (lost or uuid.uuid4().hex, None)
    if home != here:  # new, or moved
        folder.mkdir(parents=True, exist_ok=True)
        replace_durably(file, f"{identity}\n{json.dumps(here)}\n")
    return identity


def check_identity(folder: Path, *, may_be_elsewhere: bool = False) -> None:
    """Refuses a sweep's folder whose identity is that of another folder, too.

    One that is kept at a URL `may_be_elsewhere`: it is the same sweep in each cache of that.

    Raises:
        ConfigError: names both folders and the cure.
    """
    file = folder / IDENTITY_FILE
    if not file.exists():
        return
    identity, home = _read(folder)
    others = [
        each for each in folder.resolve().parent.glob("*/") if (each / IDENTITY_FILE).is_file()
    ]
    if home is not None and not may_be_elsewhere:
        others.append(Path(home))
    for other in others:
        if _is_another(other, folder) and identity in _identities(other):
            raise ConfigError(
                f"{file} must be what this sweep alone is known by but is that of {other}, too, as "
                "one of them is a copy; remove the file from the copy, which then is recorded as a "
                "sweep of its own"
            )


def _is_another(other: Path, folder: Path) -> bool:
    try:
        return not other.samefile(folder)
    except (OSError, ValueError):
        return False


def _identities(folder: Path) -> Iterator[str]:
    try:
        yield _read(folder)[0]
    except ConfigError:
        return


def _read(folder: Path) -> tuple[str, str | None]:
    """Returns the identity, and the folder that it was given to, if that is known."""
    file = folder / IDENTITY_FILE
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, getattr(error, "strerror", None) or str(error)) from None
    found = FORM.fullmatch(text)
    if found is None:
        raise _unreadable(file, text)
    try:
        home = json.loads(found[2]) if found[2] else None
    except (ValueError, RecursionError):
        raise _unreadable(file, text) from None
    return found[1], home if isinstance(home, str) else None


def _unreadable(file: Path, what: str) -> ConfigError:
    return ConfigError(
        f"{file} must hold the 32 digits by which MLflow knows this sweep but got {shown(what)}; "
        "restore it, or remove it: MLflow knows which run is of this folder"
    )

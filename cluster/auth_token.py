"""Ray's token, which whoever has it can run code with: for its owner's eyes alone."""

import os
from pathlib import Path

from ray._private.authentication.authentication_token_generator import (
    generate_new_authentication_token,
)

PRIVATE = 0o600


def token_file(home: Path) -> Path:
    """Returns where Ray looks for its token, unless it is told another place."""
    return home / ".ray" / "auth_token"


def new_token() -> str:
    """Returns a token that nobody else has."""
    return str(generate_new_authentication_token())


def make_token(file: Path) -> None:
    """Makes the token if there is none, as Ray would make it open to everybody's eyes.

    Raises:
        OSError: the file cannot be written.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(new_token())
    try:
        os.link(part, file)
    except FileExistsError:
        protect_token(file)
    finally:
        part.unlink()


def protect_token(file: Path) -> None:
    """Takes everybody else's rights to a token away, where it is this user's."""
    if file.is_file() and file.stat().st_uid == os.getuid() and file.stat().st_mode & 0o077:
        file.chmod(PRIVATE)

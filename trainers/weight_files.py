"""The fingerprint of weights that a job starts from, held against them when they are loaded."""

import hashlib
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

from evals.errors import ConfigError
from trainers.model_files import HASHED, file_sum, model_files


def fingerprint_of(folder: Path) -> str:
    """Returns the SHA-256 of the files of the model in `folder`; reads all of them."""
    return fingerprint_of_sums({file.name: file_sum(file) for file in model_files(folder)})


def fingerprint_of_sums(sums: Mapping[str, str]) -> str:
    """Returns the same of the SHA-256 of each file, by name."""
    digest = hashlib.sha256()
    for name in sorted(sums):
        if any(fnmatch(name, pattern) for pattern in HASHED):
            digest.update(name.encode())
            digest.update(bytes.fromhex(sums[name]))
    return f"files:{digest.hexdigest()}"


def check_fingerprint(folder: Path, wanted: str) -> None:
    """Refuses weights that are not those which were asked for.

    Raises:
        ConfigError: names the folder and both fingerprints.
    """
    found = fingerprint_of(folder)
    if found != wanted:
        raise ConfigError(
            f"{folder} must hold the weights that the job starts from ({_short(wanted)}) but got "
            f"others ({_short(found)}), which were put there meanwhile; restore them"
        )


def _short(fingerprint: str) -> str:
    return fingerprint.removeprefix("files:")[:12]

"""SHA-256 of what a job's folder holds, so that nothing in it changes without being noticed.

They stand in `result.json`, by the files' paths in the folder, beside one of that file itself.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from orchestrator.storage.files import REPORTS_FILE, SCORES_FILE
from orchestrator.storage.weights import KINDS
from trainers.job import MODEL
from trainers.model_files import file_sum
from trainers.weight_files import fingerprint_of_sums

RECORDS = (SCORES_FILE, REPORTS_FILE)


def text_checksum(text: str | bytes) -> str:
    """Returns the SHA-256 of a text as it is written, in UTF-8."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def checksums(folder: Path) -> dict[str, str]:
    """Returns those of the scores, reports and weights of the job in `folder`, by path."""
    records = [folder / name for name in RECORDS if (folder / name).is_file()]
    return {
        file.relative_to(folder).as_posix(): file_sum(file)
        for file in (*records, *weight_files(folder))
    }


def weight_files(folder: Path) -> list[Path]:
    """Returns the files of the weights that the job in `folder` has left."""
    found = (file for kind in KINDS for file in (folder / kind).rglob("*") if file.is_file())
    return sorted(found)


def changed_record(folder: Path, expected: Mapping[str, str]) -> Path | None:
    """Returns a record in a job's `folder` that is not as it was written, or not there; or None.

    Raises:
        OSError: one cannot be read.
    """
    for name in RECORDS:
        file = folder / name
        if name in expected and not (file.is_file() and file_sum(file) == expected[name]):
            return file
    return None


def model_fingerprint(written: Mapping[str, str]) -> str:
    """Returns the fingerprint of the model that a job left, if `written` are its checksums."""
    start = f"{MODEL}/"
    sums = {n.removeprefix(start): s for n, s in written.items() if n.startswith(start)}
    return fingerprint_of_sums(sums) if sums else ""


def changed_weights(weights: Path, expected: Mapping[str, str], *, kind: str) -> Path | None:
    """Returns a file in the folder `weights` that is not as it was written, or not there; or None.

    `expected` are the checksums of a job's folder, in which the weights are called `kind`. Files
    that were not written with it do not count.

    Raises:
        OSError: one cannot be read.
    """
    for name, checksum in expected.items():
        first, _, inside = name.partition("/")
        file = weights / inside
        if first == kind and not (file.is_file() and file_sum(file) == checksum):
            return file
    return None

"""What the running jobs of a sweep have said, in its folder, for those who look on.

The file is no record: it is as good as not there where it cannot be written or read.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from orchestrator.storage.files import LIVE_FILE


@dataclass(frozen=True, slots=True)
class LiveJob:
    """How far a job is, and its losses so far as pairs of a step and a loss."""

    step: int
    num_steps: int
    losses: Sequence[tuple[int, float]]


_JOBS = TypeAdapter(dict[str, LiveJob])


def write_live(folder: Path, jobs: Mapping[str, LiveJob]) -> None:
    """Writes what jobs have said, by hash, if it can be written."""
    part = folder / f"{LIVE_FILE}.part"
    with suppress(OSError):
        part.write_text(json.dumps(_JOBS.dump_python(dict(jobs))), encoding="utf-8")
        part.replace(folder / LIVE_FILE)


def remove_live(folder: Path) -> None:
    """Removes the file, if it is there."""
    with suppress(OSError):
        (folder / LIVE_FILE).unlink(missing_ok=True)


def read_live(folder: Path) -> dict[str, LiveJob]:
    """Returns what jobs have said, by hash."""
    try:
        return _JOBS.validate_json((folder / LIVE_FILE).read_bytes())
    except (OSError, ValidationError):
        return {}

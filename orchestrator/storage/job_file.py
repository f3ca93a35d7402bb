"""What `job.json` says: the job whose folder it lies in."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orchestrator.storage.json_object import json_object
from orchestrator.storage.result_file import damaged, text_of
from trainers.job import Job


def described_job(file: Path) -> Job | None:
    """Returns the job that `file` describes; None if this code knows no such job.

    Raises:
        ConfigError: it cannot be read, or is no description of anything.
    """
    described = described_object(file)
    try:
        return Job.model_validate({k: v for k, v in described.items() if k != "hash"})
    except ValidationError:
        return None


def described_object(file: Path) -> dict[str, Any]:
    """Returns what `file` says, of whatever version.

    Raises:
        ConfigError: it cannot be read, or is no description of anything.
    """
    text = text_of(file)
    try:
        return json_object(text)
    except ValueError as error:
        raise damaged(file, str(error)) from None

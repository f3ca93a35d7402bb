"""Limits of disk."""

from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from evals.choice import Settings
from orchestrator.storage.byte_size import read_size


class DiskSettings(Settings):
    """Limits of disk, and what is done when there is none left."""

    quota: int | None = None
    """Bytes that the weights of the sweep's jobs may take, MLflow's copies in the storage folder
    among them. Beyond them adapters of dominated trials are removed. None is no limit."""
    reserve: int = 0
    """Bytes that stay free on the disk: so are they when it has less."""
    when_full: Literal["remove", "wait"] = "remove"
    """Whether adapters of dominated trials are removed when something finds no room."""
    patience_s: float = Field(3600.0, ge=0)
    """Seconds for which what finds no room is tried again before the sweep leaves."""

    @field_validator("quota", "reserve", mode="before")
    @classmethod
    def _bytes(cls, raw: Any, info: ValidationInfo) -> Any:
        return raw if raw is None else read_size(raw, key=f"disk.{info.field_name}")

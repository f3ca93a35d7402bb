"""A result as files in its job's folder: `result.json` and `reports.jsonl`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.errors import ConfigError, cut
from orchestrator.storage.files import REPORTS_FILE, RESULT_FILE
from orchestrator.storage.json_object import json_object
from orchestrator.storage.result import Result, State
from orchestrator.storage.weights import is_removed
from trainers.job import Job, Report


class _File(BaseModel):
    """Strict JSON that keeps NaN and infinities, as strings."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


F = TypeVar("F", bound=_File)


class _ResultFile(_File):
    state: State
    reason: str
    metrics: dict[str, float]
    facts: dict[str, float]
    wall_s: float
    started_at: float
    by_chance: bool = False
    stopped: str = ""
    guard: str = ""
    collapsed: bool = False
    gold: str = ""
    first_row: str = ""


class _ReportLine(_File):
    step: int
    num_steps: int
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended, as far as that can be told from `result.json` alone."""

    state: State
    stopped: str
    guard: str
    by_chance: bool


def ending_in(text: bytes) -> Ended | None:
    """Returns how the job ended whose `result.json` holds `text`; None if it is not whole."""
    try:
        read = json_object(text)
        return Ended(
            State(read["state"]),
            stopped=read.get("stopped", ""),
            guard=read.get("guard", ""),
            by_chance=read.get("by_chance", False),
        )
    except (ValueError, KeyError):
        return None


def read_result(folder: Path, job: Job) -> Result:
    """Returns the result of `job` that lies in `folder`.

    Raises:
        ConfigError: a file is missing or damaged.
    """
    file = folder / RESULT_FILE
    read = _parse(_ResultFile, file, text_of(file))
    return Result(
        job=job,
        reports=_read_reports(folder / REPORTS_FILE),
        weights_removed=is_removed(folder),
        **dict(read),
    )


def result_text(result: Result) -> str:
    """Returns what `result.json` holds."""
    return _ResultFile(
        state=result.state,
        reason=result.reason,
        metrics=dict(result.metrics),
        facts=dict(result.facts),
        wall_s=result.wall_s,
        started_at=result.started_at,
        by_chance=result.by_chance,
        stopped=result.stopped,
        guard=result.guard,
        collapsed=result.collapsed,
        gold=result.gold,
        first_row=result.first_row,
    ).model_dump_json(indent=2)


def reports_text(reports: Sequence[Report]) -> str:
    """Returns what `reports.jsonl` holds, a line for each report."""
    lines = (
        _ReportLine(step=r.step, num_steps=r.num_steps, metrics=dict(r.metrics)) for r in reports
    )
    return "".join(f"{line.model_dump_json()}\n" for line in lines)


def text_of(file: Path) -> str:
    """Returns what a file of a job's folder holds.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(file, getattr(error, "strerror", None) or str(error)) from None


def damaged(file: Path, what: str) -> ConfigError:
    """Returns the error for a file of a job's folder that is not as it was written."""
    return ConfigError(
        f"{file} must be a readable record of a finished job but got {cut(what, limit=300)}; "
        f"delete the folder {file.parent} to run the job again"
    )


def _parse(model: type[F], file: Path, text: str) -> F:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise damaged(file, f"{where}: {first['msg']}" if where else first["msg"]) from None


def _read_reports(file: Path) -> tuple[Report, ...]:
    lines = [_parse(_ReportLine, file, line) for line in text_of(file).splitlines()]
    return tuple(Report(line.step, line.num_steps, line.metrics) for line in lines)

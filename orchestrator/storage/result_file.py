"""A result as files in its job's folder: `result.json` and `reports.jsonl`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.errors import ConfigError, cut
from evals.evidence import Evidence
from orchestrator.storage.checksums import text_checksum
from orchestrator.storage.files import REPORTS_FILE, RESULT_FILE
from orchestrator.storage.result import Result, State
from orchestrator.storage.weights import is_removed
from trainers.job import Job, Report


class _File(BaseModel):
    """Strict JSON that keeps NaN and infinities, as strings."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


F = TypeVar("F", bound=_File)
EVIDENCE = frozenset({"errors", "guides", "guide_errors", "with_original"})
FILE_GONE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class _ResultFile(_File):
    state: State
    reason: str
    metrics: dict[str, float]
    facts: dict[str, float]
    wall_s: float
    started_at: float
    job: str
    """The hash of the job whose result it is."""
    by_chance: bool = False
    stopped: str = ""
    guard: str = ""
    collapsed: bool = False
    gold: str = ""
    first_row: str = ""
    errors: dict[str, float] = {}
    guides: dict[str, float] = {}
    guide_errors: dict[str, float] = {}
    with_original: dict[str, float] = {}
    checksums: dict[str, str] = {}
    """SHA-256 of the files that lie beside it, by path."""
    sha256: str = ""
    """Of this file, with nothing in this place."""


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


def ending_in(text: bytes, job_hash: str) -> Ended | None:
    """Returns how a job ended whose `result.json` holds `text`.

    None if that is not whole, not as it was written, or another job's.
    """
    try:
        read = _ResultFile.model_validate_json(text)
    except ValidationError:
        return None
    if read.job != job_hash or read.sha256 != _own_checksum(read):
        return None
    return Ended(read.state, read.stopped, read.guard, read.by_chance)


def read_result(folder: Path, job: Job) -> Result:
    """Returns the result of `job` that lies in `folder`.

    Raises:
        ConfigError: a file is missing or damaged, has changed, or is another job's.
    """
    read = _read(folder, job.hash)
    reports = folder / REPORTS_FILE
    text = text_of(reports)
    require_unchanged(reports, text.encode(), read.checksums)
    own = {"job", "checksums", "sha256", *EVIDENCE}
    return Result(
        job=job,
        reports=_parsed_reports(reports, text),
        weights_removed=is_removed(folder),
        evidence=Evidence(read.errors, read.guides, read.guide_errors, read.with_original),
        **{name: value for name, value in dict(read).items() if name not in own},
    )


def read_checksums(folder: Path, job_hash: str) -> Mapping[str, str]:
    """Returns the checksums of the files of a job's folder, by path.

    Raises:
        ConfigError: `result.json` is missing or damaged, or another job's.
    """
    return _read(folder, job_hash).checksums


def require_unchanged(file: Path, content: bytes, checksums: Mapping[str, str]) -> None:
    """Refuses the `content` of a file in a job's folder unless it is what was written.

    Raises:
        ConfigError: it is not.
    """
    if checksums.get(file.name) != text_checksum(content):
        raise damaged(file, f"other content than was written (SHA-256 in {RESULT_FILE})")


def _read(folder: Path, job_hash: str) -> _ResultFile:
    file = folder / RESULT_FILE
    read = _parse(_ResultFile, file, text_of(file))
    if read.job != job_hash:
        raise damaged(file, f"the result of job {read.job}")
    if read.sha256 != _own_checksum(read):
        raise damaged(file, "other content than was written (its own SHA-256)")
    return read


def _own_checksum(read: _ResultFile) -> str:
    """Returns that of what is written there, which of an older file is less than there could be."""
    blank = read.model_copy(update={"sha256": ""})
    return text_checksum(blank.model_dump_json(exclude_unset=True))


def result_text(result: Result, checksums: Mapping[str, str]) -> str:
    """Returns what `result.json` holds, with the `checksums` of the files beside it."""
    written = _ResultFile(
        state=result.state,
        reason=result.reason,
        metrics=dict(result.metrics),
        facts=dict(result.facts),
        wall_s=result.wall_s,
        started_at=result.started_at,
        job=result.job.hash,
        by_chance=result.by_chance,
        stopped=result.stopped,
        guard=result.guard,
        collapsed=result.collapsed,
        gold=result.gold,
        first_row=result.first_row,
        errors=dict(result.evidence.errors),
        guides=dict(result.evidence.guides),
        guide_errors=dict(result.evidence.guide_errors),
        with_original=dict(result.evidence.with_original),
        checksums=dict(checksums),
    )
    return written.model_copy(update={"sha256": _own_checksum(written)}).model_dump_json(indent=2)


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
        raise unreadable(file, error) from None


class Damaged(ConfigError):
    """A file of a job's folder is not as it was written; `what` is said without the cure."""

    def __init__(self, what: str, folder: Path) -> None:
        super().__init__(f"{what}; delete the folder {folder} to run the job again")
        self.what = what


def damaged(file: Path, what: str, *, job_folder: Path | None = None) -> Damaged:
    """Returns the error for a file of a job's folder that is not as it was written."""
    said = f"{file} must be a readable record of a finished job but got {cut(what, limit=300)}"
    return Damaged(said, job_folder or file.parent)


def unreadable(file: Path, error: Exception) -> ConfigError:
    """Returns the error for a file that `error` came of; one that is there may be whole."""
    found = damaged(file, getattr(error, "strerror", None) or str(error))
    is_whole = isinstance(error, OSError) and not isinstance(error, FILE_GONE)
    return ConfigError(str(found)) if is_whole else found


def _parse(model: type[F], file: Path, text: str) -> F:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise damaged(file, f"{where}: {first['msg']}" if where else first["msg"]) from None


def _parsed_reports(file: Path, text: str) -> tuple[Report, ...]:
    lines = [_parse(_ReportLine, file, line) for line in text.splitlines()]
    return tuple(Report(line.step, line.num_steps, line.metrics) for line in lines)

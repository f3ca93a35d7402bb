"""Results on disk: a job whose folder is present is done; everything else is a view of these.

Layout: `<root>/jobs/<hash>/{job.json, result.json, scores.json, reports.jsonl, adapter/|model/}`,
shared by all sweeps, and `<root>/sweeps/<name>/`. A job's folder is written under a temporary
name beside its place and renamed last.
"""

import importlib.metadata
import json
import os
import shutil
import socket
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.errors import ConfigError
from evals.scores import ScoreSheet
from evals.sheet_file import read_sheet, write_sheet
from trainers.job import Job, Report, describe


def version() -> str:
    """Returns the package's version, which enters every job's hash."""
    return importlib.metadata.version("lethe")


class State(StrEnum):
    """How a job ended."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """How a job ended: `reason` says why it FAILED (else empty), `metrics` are the benchmark's.

    `facts` are the numbers of `trainers.job.Outcome`, what the metrics are made of, and how the job
    was run: attempts, micro_batch_size, zero_stage, rank_memory_bytes and, where they apply,
    resumed_step and what was offloaded. `wall_s` and `started_at` (seconds since
    the epoch, UTC) are the scheduler's view of the job, `reports` what it said on the way.
    """

    job: Job
    state: State
    reason: str
    metrics: Mapping[str, float]
    facts: Mapping[str, float]
    wall_s: float
    reports: tuple[Report, ...]
    started_at: float


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


class _ReportLine(_File):
    step: int
    num_steps: int
    metrics: dict[str, float]


class Storage:
    """The storage folder; several processes may use one at the same time."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()

    def job_folder(self, job_hash: str) -> Path:
        """Returns where the job's result lies or will lie."""
        return self._jobs / job_hash

    def model_folder(self, job: Job) -> Path:
        """Returns the weights that a baseline job left behind, or was given."""
        if job.checkpoint is not None:
            return Path(job.checkpoint)
        return self.job_folder(job.hash) / "model"

    def checkpoint_folder(self, job: Job) -> Path:
        """Returns where a job that is being trained is saved until its result is there."""
        return self._jobs / f".{job.hash}.checkpoint"

    def sweep_folder(self, name: str) -> Path:
        """Returns the sweep's own folder, made if need be."""
        return _made(self.root / "sweeps" / name)

    def find(self, job: Job) -> Result | None:
        """Returns the job's result, or None when it has not ended yet.

        Raises:
            ConfigError: the files of a result cannot be read.
        """
        folder = self.job_folder(job.hash)
        if not folder.is_dir():
            return None
        read = _parse(_ResultFile, folder / "result.json", _text(folder / "result.json"))
        return Result(
            job=job,
            state=read.state,
            reason=read.reason,
            metrics=read.metrics,
            facts=read.facts,
            wall_s=read.wall_s,
            reports=_read_reports(folder / "reports.jsonl"),
            started_at=read.started_at,
        )

    def jobs(self) -> Iterator[Job]:
        """Yields every job that has a result, by hash; those of other versions are left out."""
        for file in sorted(self._jobs.glob("[!.]*/job.json")):
            try:
                described = json.loads(_text(file))
            except ValueError as error:
                raise _damaged(file, str(error)) from None
            try:
                job = Job.model_validate({k: v for k, v in described.items() if k != "hash"})
            except ValidationError:
                continue
            if job.hash == file.parent.name:
                yield job

    def sheet(self, job_hash: str) -> ScoreSheet:
        """Returns the scores that a finished job left behind.

        Raises:
            ConfigError: there are none, or they cannot be read.
        """
        file = self.job_folder(job_hash) / "scores.json"
        try:
            return read_sheet(file)
        except (OSError, ConfigError) as error:
            raise _damaged(file, getattr(error, "strerror", None) or str(error)) from None

    def begin(self, job: Job) -> Path:
        """Returns a new folder for the job to write to, and removes what dead ones left."""
        self._remove_abandoned(job)
        mark = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        return _made(self._jobs / f".{job.hash}-{mark}")

    def commit(self, result: Result, folder: Path, sheet: ScoreSheet | None) -> Result:
        """Makes `folder` (from `begin`) the job's result and returns what then is on record.

        When another process was quicker its result stays and is returned, unless it FAILED and
        this one is DONE.
        """
        _write(folder / "job.json", json.dumps(describe(result.job), indent=2))
        _write(folder / "reports.jsonl", "".join(_report_line(r) + "\n" for r in result.reports))
        if sheet is not None:
            write_sheet(folder / "scores.json", sheet)
        _write(folder / "result.json", _result_text(result))
        _sync(folder)
        home = self.job_folder(result.job.hash)
        earlier = self._place(folder, home)
        if not earlier:
            return result
        found = self.find(result.job)
        if found is not None and (found.state == State.DONE or result.state == State.FAILED):
            shutil.rmtree(folder)
            return found
        _set_aside(home)
        self._place(folder, home)
        return result

    @property
    def _jobs(self) -> Path:
        return self.root / "jobs"

    def _place(self, folder: Path, home: Path) -> bool:
        """Renames `folder` to `home`, or says that `home` is already there."""
        try:
            folder.rename(home)
        except OSError:
            if not home.is_dir():
                raise
            return True
        _sync(home.parent)
        return False

    def _remove_abandoned(self, job: Job) -> None:
        """Removes temporary folders of this job whose process, on this host, is gone."""
        start = f".{job.hash}-{socket.gethostname()}-"
        for folder in self._jobs.glob(f"{start}*"):
            pid = folder.name.removeprefix(start).partition("-")[0]
            if pid.isdecimal() and not _is_alive(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"storage must be a folder that can be written to but got {str(folder)!r} "
            f"({error.strerror}); choose another with storage=<folder>"
        ) from None
    return folder


def _set_aside(home: Path) -> None:
    aside = home.with_name(f".{home.name}-replaced-{uuid.uuid4().hex[:8]}")
    home.rename(aside)
    shutil.rmtree(aside)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _result_text(result: Result) -> str:
    return _ResultFile(
        state=result.state,
        reason=result.reason,
        metrics=dict(result.metrics),
        facts=dict(result.facts),
        wall_s=result.wall_s,
        started_at=result.started_at,
    ).model_dump_json(indent=2)


def _report_line(report: Report) -> str:
    return _ReportLine(
        step=report.step, num_steps=report.num_steps, metrics=dict(report.metrics)
    ).model_dump_json()


def _read_reports(file: Path) -> tuple[Report, ...]:
    lines = [_parse(_ReportLine, file, line) for line in _text(file).splitlines()]
    return tuple(Report(line.step, line.num_steps, line.metrics) for line in lines)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(file, getattr(error, "strerror", None) or str(error)) from None


def _parse(model: type[F], file: Path, text: str) -> F:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _damaged(file, f"{where}: {first['msg']}" if where else first["msg"]) from None


def _damaged(file: Path, what: str) -> ConfigError:
    return ConfigError(
        f"{file} must be a readable record of a finished job but got {what}; "
        f"delete the folder {file.parent} to run the job again"
    )


def _write(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _sync(path: Path) -> None:
    """Forces a file's content or a folder's entries to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

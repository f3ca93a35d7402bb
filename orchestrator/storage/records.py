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
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

from evals.errors import ConfigError
from evals.scores import ScoreSheet
from evals.sheet_file import parsed_sheet, write_sheet
from evals.suite import suite_of
from orchestrator.storage.checksums import checksums
from orchestrator.storage.durable import replace_durably, sync, write_durably
from orchestrator.storage.files import (
    JOB_FILE,
    JOBS,
    REPORTS_FILE,
    RESULT_FILE,
    SCORES_FILE,
    job_path,
    sweep_path,
)
from orchestrator.storage.job_file import described_job, described_object
from orchestrator.storage.lock import is_alive
from orchestrator.storage.project_folder import NAME, checkout_version
from orchestrator.storage.result import Ending, Result, State
from orchestrator.storage.result_file import (
    damaged,
    read_checksums,
    read_result,
    reports_text,
    require_unchanged,
    result_text,
    unreadable,
)
from orchestrator.storage.weights import give_back, kept_weights
from orchestrator.storage.writable_folder import check_writable, make_folder
from trainers.job import MODEL, Job, describe

UNPACKED = "working_dir_files"
"""Where Ray unpacks what a job brings along, and removes it when the job is over."""


@cache
def version() -> str:
    """Returns the version of this code, which enters every job's hash.

    A checkout says it itself: the nodes that a job brings it to may have another one installed.
    """
    return checkout_version() or importlib.metadata.version(NAME)


class Storage:
    """The storage folder; several processes may use one at the same time."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()

    def job_folder(self, job_hash: str) -> Path:
        """Returns where the job's result lies or will lie."""
        return self.root / job_path(job_hash)

    def model_folder(self, job: Job) -> Path:
        """Returns the weights that a baseline job left behind, or was given."""
        if job.checkpoint is not None:
            return Path(job.checkpoint)
        return self.job_folder(job.hash) / MODEL

    def checkpoint_folder(self, job: Job) -> Path:
        """Returns where a job that is being trained is saved until its result is there."""
        return self.checkpoint_of(job.hash)

    def checkpoint_of(self, job_hash: str) -> Path:
        """Returns the same of the job with this hash."""
        return self._jobs / f".{job_hash}.checkpoint"

    def sweep_folder(self, name: str) -> Path:
        """Returns the sweep's own folder, made if need be."""
        return make_folder(self.sweep_path(name))

    def sweep_path(self, name: str) -> Path:
        """Returns where the sweep's own folder lies or will lie."""
        return self.root / sweep_path(name)

    def check_writable(self, sweep: str, *, key: Literal["storage", "cache"] = "storage") -> None:
        """Refuses a storage folder that nothing could be written to; makes nothing.

        `key` is what a person names it by.

        Raises:
            ConfigError: names the folder and the cure.
        """
        if UNPACKED in self.root.parts:
            raise ConfigError(
                f"{key} must be a folder that outlives the job but got {str(self.root)!r}, which "
                "Ray removes with what the job brought along; name one that all nodes see, such "
                f"as {key}=/shared/lethe"
            )
        for folder in (self._jobs, self.sweep_path(sweep)):
            there = next(f for f in (folder, *folder.parents) if f.exists())
            check_writable(there, key=key)

    def find(self, job: Job) -> Result | None:
        """Returns the job's result, or None when it has not ended yet.

        Raises:
            ConfigError: the files of a result cannot be read.
        """
        folder = self.job_folder(job.hash)
        if not folder.exists():
            return None
        return read_result(folder, job)

    def jobs(self) -> Iterator[Job]:
        """Yields every job that has a result, by hash; those of other versions are left out."""
        for file in sorted(self._jobs.glob(f"[!.]*/{JOB_FILE}")):
            job = _described(file)
            if job is not None and job.hash == file.parent.name:
                yield job

    def recorded(self, job_hash: str) -> Result | None:
        """Returns the result of the job with this hash, or None if there is none of this version.

        Raises:
            ConfigError: the files of a result cannot be read.
        """
        folder = self.job_folder(job_hash)
        job = _described(folder / JOB_FILE) if folder.exists() else None
        if job is None:
            return None
        if job.hash != job_hash:
            raise damaged(folder / JOB_FILE, f"the description of job {job.hash}")
        return read_result(folder, job)

    def sheet(self, job_hash: str) -> ScoreSheet:
        """Returns the scores that a finished job left behind.

        Raises:
            ConfigError: there are none, or they cannot be read.
        """
        file = self._sheet_file(job_hash)
        written = read_checksums(file.parent, job_hash)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise unreadable(file, error) from None
        require_unchanged(file, content, written)
        scores = suite_of(self._benchmark(job_hash)).task_scores
        try:
            return parsed_sheet(content, scores, path=file)
        except ConfigError as error:
            raise unreadable(file, error) from None

    def known_sheet(self, job_hash: str | None) -> ScoreSheet | None:
        """Returns the scores of a finished job, None where there is none.

        Raises:
            ConfigError: they are gone, or cannot be read.
        """
        return self.sheet(job_hash) if job_hash and self.job_folder(job_hash).is_dir() else None

    def has_sheet(self, job_hash: str) -> bool:
        """Whether a finished job's scores are there."""
        return self._sheet_file(job_hash).is_file()

    def begin(self, job: Job) -> Path:
        """Returns a new folder for the job to write to, and removes what dead ones left."""
        self._remove_abandoned(job)
        mark = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        return make_folder(self._jobs / f".{job.hash}-{mark}")

    def commit(self, result: Result, folder: Path, sheet: ScoreSheet | None) -> Result:
        """Makes `folder` (from `begin`) the job's result and returns what then is on record.

        When another process was quicker its result stays and is returned, unless this one says
        more: DONE says more than FAILED, a failure of the job itself more than one by chance, a
        training to its own end more than one that was stopped early, and that under another guard
        as much as the latest. Of two failures alike the later one counts.
        Should the weights of the one that stays be gone, it has this one's again.

        Raises:
            OSError: it cannot be written, for want of room perhaps. Then nothing has changed, and
                the same call may be made again.
        """
        write_durably(folder / JOB_FILE, json.dumps(describe(result.job), indent=2))
        write_durably(folder / REPORTS_FILE, reports_text(result.reports))
        if sheet is not None:
            write_sheet(folder / SCORES_FILE, sheet)
        write_durably(folder / RESULT_FILE, result_text(result, checksums(folder)))
        sync(folder)
        home = self.job_folder(result.job.hash)
        earlier = self._place(folder, home)
        if not earlier:
            return result
        found = self.find(result.job)
        if found is not None and not (says_more(result, found) or _fails_again(result, found)):
            alike = (found.state, found.stopped) == (result.state, result.stopped)
            weights = kept_weights(folder)
            if kept_weights(home) is None and alike and weights is not None:
                give_back(home, weights)
                found = replace(found, weights_removed=False)
                replace_durably(home / RESULT_FILE, result_text(found, checksums(home)))
            shutil.rmtree(folder)
            return found
        set_aside(home)
        self._place(folder, home)
        return result

    def _benchmark(self, job_hash: str) -> str:
        """Returns the name of the job's benchmark, of whatever version the job is."""
        file = self.job_folder(job_hash) / JOB_FILE
        benchmark = described_object(file).get("benchmark")
        if not isinstance(benchmark, dict) or "name" not in benchmark:
            raise damaged(file, "no benchmark")
        return str(benchmark["name"])

    def _sheet_file(self, job_hash: str) -> Path:
        return self.job_folder(job_hash) / SCORES_FILE

    def note_failure(self, failed: Result) -> None:
        """Puts the failure of a job that left no folder on record, if there is room for it.

        A full disk may be why it has failed.
        """
        with suppress(OSError):
            self.commit(failed, self.begin(failed.job), None)

    @property
    def _jobs(self) -> Path:
        return self.root / JOBS

    def _place(self, folder: Path, home: Path) -> bool:
        """Renames `folder` to `home`, or says that `home` is already there."""
        try:
            folder.rename(home)
        except OSError:
            if not home.is_dir():
                raise
            return True
        sync(home.parent)
        return False

    def _remove_abandoned(self, job: Job) -> None:
        """Removes temporary folders of this job whose process, on this host, is gone."""
        start = f".{job.hash}-{socket.gethostname()}-"
        for folder in self._jobs.glob(f"{start}*"):
            pid = folder.name.removeprefix(start).partition("-")[0]
            if pid.isdecimal() and not is_alive(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def says_more(result: Ending, found: Ending) -> bool:
    """Returns whether `result` is to replace `found`, another one of the same job."""
    if found.state == State.FAILED:
        return result.state == State.DONE or (found.by_chance and not result.by_chance)
    if result.state == State.FAILED and result.by_chance:
        return False
    return bool(found.stopped) and result.guard != found.guard


def _fails_again(result: Ending, found: Ending) -> bool:
    """Returns whether a job has failed as it did before, of which only the reason is news."""
    alike = (result.state, result.by_chance) == (found.state, found.by_chance)
    return alike and result.state == State.FAILED


def _described(file: Path) -> Job | None:
    """Returns the job that `job.json` describes; None if it is of another version."""
    job = described_job(file)
    return job if job is not None and job.version == version() else None


def set_aside(home: Path) -> None:
    """Removes the folder of a job whose place another one takes; it is gone at once."""
    aside = home.with_name(f".{home.name}-replaced-{uuid.uuid4().hex[:8]}")
    home.rename(aside)
    shutil.rmtree(aside)

"""Results that are not as they were written: found, and put aside so that their jobs run again.

A result that has changed on disk, that is another job's, or of which a file is gone, counts for
nothing. Its folder is kept under a name of its own, `.<hash>-damaged-<eight digits>`, for a person
to look at.
"""

import uuid
from collections.abc import Callable
from pathlib import Path

from orchestrator.storage.checksums import changed_record, changed_weights, model_fingerprint
from orchestrator.storage.files import JOBS, RESULT_FILE
from orchestrator.storage.records import Storage
from orchestrator.storage.result_file import Damaged, damaged, read_checksums
from orchestrator.storage.weights import KINDS, is_removed
from trainers.job import MODEL, Job


def check_records(storage: Storage, job_hash: str) -> None:
    """Refuses a job's result unless its records are those that were written with it.

    Results of other versions are not looked at.

    Raises:
        Damaged: a file is gone, has changed, or is another job's.
        ConfigError: one cannot be read.
    """
    if storage.recorded(job_hash) is None:
        return
    folder = storage.job_folder(job_hash)
    _refuse(changed_record(folder, read_checksums(folder, job_hash)), folder)


def check_model(storage: Storage, job_hash: str, *, kind: str = MODEL) -> None:
    """Refuses the weights that a job has left behind unless they are those that were written.

    Raises:
        Damaged: a file is gone, or has changed.
    """
    folder = storage.job_folder(job_hash)
    _refuse(changed_weights(folder / kind, read_checksums(folder, job_hash), kind=kind), folder)


def check_whole(home: Path, job_hash: str) -> None:
    """Refuses a job's folder in which a record or its weights are not as they were written.

    Raises:
        Damaged: a file is gone, or has changed.
    """
    expected = read_checksums(home, job_hash)
    changed = changed_record(home, expected)
    for kind in KINDS:
        if changed is None and (home / kind).is_dir():
            changed = changed_weights(home / kind, expected, kind=kind)
    if (home / RESULT_FILE).is_file() and not is_removed(home):
        _refuse(changed, home)


def fingerprint_of_model(storage: Storage, job: Job) -> str:
    """Returns what the weights that `job` left, or was given, must have; nothing if not known.

    Raises:
        Damaged: the job's result is not as it was written.
    """
    if job.checkpoint is not None:
        return job.weights
    return model_fingerprint(read_checksums(storage.job_folder(job.hash), job.hash))


def set_aside_damaged(storage: Storage, *, say: Callable[[str], None]) -> None:
    """Puts every damaged result aside, and says so in a line each; its job will run again.

    Raises:
        ConfigError: one cannot be read, or not be put aside.
    """
    for folder in sorted((storage.root / JOBS).glob("[!.]*")):
        if not folder.is_dir():
            continue
        try:
            check_records(storage, folder.name)
        except Damaged as error:
            set_aside(folder, error, say=say)


def set_aside(folder: Path, error: Damaged, *, say: Callable[[str], None]) -> None:
    """Puts a job's folder aside for the reason `error`.

    Raises:
        ConfigError: it cannot be renamed.
    """
    aside = folder.with_name(f".{folder.name}-damaged-{uuid.uuid4().hex[:8]}")
    try:
        folder.rename(aside)
    except OSError:
        raise error from None
    say(f"lethe: {error.what}; the job {folder.name} runs again, its files are kept in {aside}")


def _refuse(changed: Path | None, job_folder: Path) -> None:
    """Refuses a file of a job's folder that has changed or is gone, if there is one."""
    if changed is not None:
        what = "other content than was written" if changed.is_file() else "nothing: it is gone"
        raise damaged(changed, what, job_folder=job_folder)

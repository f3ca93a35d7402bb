"""A storage folder's copy at a URL, by fsspec: what is there is found, and gone on with, anywhere.

A job's `result.json` is put there last and read last, as object stores cannot rename a folder: a
job whose result can be read there is done. Of a sweep's folder that copy counts whose ledger is the
longer one, which is written last.
"""

import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from evals.errors import ConfigError
from orchestrator.remote.url_file_system import Unreachable, attempt, opened
from orchestrator.storage.address import Address
from orchestrator.storage.checksums import changed_record, changed_weights
from orchestrator.storage.files import (
    DRIVER_FILE,
    JOBS,
    LEDGER_FILE,
    ORIGIN_FILE,
    REMOVED,
    RESULT_FILE,
    WHY_FILE,
    job_path,
    sweep_path,
)
from orchestrator.storage.inspection import check_whole
from orchestrator.storage.records import says_more, set_aside
from orchestrator.storage.result import State
from orchestrator.storage.result_file import Ended, ending_in, read_checksums
from orchestrator.storage.weights import KINDS, removed_weights
from trainers.disk_full import lacks_room
from trainers.job import MODEL

GROWING = (".jsonl", ".journal")
"""Endings of files of whole lines, which may be copied while they grow."""
T = TypeVar("T")


class Mirror:
    """The copy at an address of the storage folder `root`.

    `url` is the address as it may be shown.

    Every method raises Unreachable, and FileNotFoundError where something has gone meanwhile, the
    bucket even. Those that fetch raise OSError for what this machine is to blame for.
    """

    def __init__(self, address: Address, root: Path) -> None:
        """Opens the file system, which may talk to it or not.

        Raises:
            ConfigError: there is none of this kind.
        """
        self.url = address.shown.rstrip("/")
        self.root = root
        self._address = address
        self.damaged: dict[str, Path] = {}
        """Files at the URL that are not as they were written, by the hashes of their jobs."""
        self._fs, self._base = opened(address)

    def pull(self, name: str) -> None:
        """Fetches the sweep's folder, if it is ahead of what is here, and all jobs' records."""
        self._pull_sweep(name)
        listing = self._listing(JOBS)
        wanted = [each for each in _with_result(listing) if not self._is_final(each)]
        for job_hash, there in sorted(self._there(wanted).items()):
            if not (self._jobs / job_hash).exists() or _is_new(there, self._here(job_hash)):
                own = [path for path in listing if path.startswith(f"{job_hash}/")]
                self._pull_records(job_hash, own)

    def pull_model(self, job_hash: str) -> None:
        """Fetches a baseline's model, unless it is here.

        Raises:
            ConfigError: what is there is not what the job has left.
        """
        home = self._jobs / job_hash / MODEL
        files = self._listing(job_path(job_hash, MODEL))
        if home.exists() or not files:
            return
        part = home.with_name(f".{MODEL}-{uuid.uuid4().hex[:8]}")
        with _whole_or_not(part):
            for file in files:
                self._get(job_path(job_hash, MODEL, file), part / file)
            expected = read_checksums(home.parent, job_hash)
            changed = changed_weights(part, expected, kind=MODEL)
            if changed is not None:
                there = f"{self.url}/{job_path(job_hash, MODEL, str(changed.relative_to(part)))}"
                raise ConfigError(
                    f"{there} must be the weights that the job {job_hash} left but got other "
                    f"content; remove {self.url}/{job_path(job_hash)} to run the job again"
                )
            part.rename(home)

    def missing(self) -> list[str]:
        """Returns the hashes of the jobs that are here and not there, or say less there."""
        here = sorted(file.parent.name for file in self._jobs.glob(f"[!.]*/{RESULT_FILE}"))
        there = self._there(set(here) & _with_result(self._listing(JOBS)))
        return [each for each in here if _is_new(self._here(each), there.get(each))]

    def push_job(self, job_hash: str) -> None:
        """Puts a finished job there, unless one that says as much, and is whole, is there already.

        Nor one that has left no result here, as one whose disk was full may not have.

        Raises:
            ConfigError: it is not as it was written.
        """
        home = self._jobs / job_hash
        text = self.read(job_path(job_hash, RESULT_FILE))
        there = None if job_hash in self.damaged else ending_in(text or b"", job_hash)
        if not _is_new(self._here(job_hash), there):
            return
        check_whole(home, job_hash)
        if text is not None:
            self._do(lambda: self._fs.rm_file(self._path(job_path(job_hash, RESULT_FILE))))
            self._remove(job_path(job_hash))
        files = [file for file in home.rglob("*") if file.is_file() and file.name != RESULT_FILE]
        for file in files:
            self._put_file(job_path(job_hash, file.relative_to(home).as_posix()), file)
        self._put(job_path(job_hash, RESULT_FILE), (home / RESULT_FILE).read_bytes())
        self.damaged.pop(job_hash, None)

    def forget_weights(self, job_hash: str) -> None:
        """Removes a job's weights, if they were removed here."""
        left = removed_weights(self._jobs / job_hash)
        if left is None:
            return
        note = left / WHY_FILE
        self._put(
            job_path(job_hash, left.name, WHY_FILE), note.read_bytes() if note.exists() else b""
        )
        self._remove(job_path(job_hash, left.name.removesuffix(REMOVED)))

    def push_sweep(self, name: str) -> None:
        """Puts the sweep's own folder there, its ledger last and its origin first."""
        folder = self.root / sweep_path(name)
        files = [each for each in folder.glob("[!.]*") if each.is_file() and each.suffix != ".lock"]
        order = {ORIGIN_FILE: 0, LEDGER_FILE: 2}
        for file in sorted(files, key=lambda file: (order.get(file.name, 1), file.name)):
            text = file.read_bytes()
            if file.suffix in GROWING:
                text = text[: text.rfind(b"\n") + 1]
            self._put(sweep_path(name, file.name), text)

    def read(self, path: str) -> bytes | None:
        """Returns what a file there holds; None if it is not there."""
        try:
            found: bytes = self._do(lambda: self._fs.cat_file(self._path(path)))
        except FileNotFoundError:
            return None
        return found

    def write(self, path: str, text: bytes) -> None:
        """Writes a file there."""
        self._put(path, text)

    @property
    def _jobs(self) -> Path:
        return self.root / JOBS

    def _path(self, path: str) -> str:
        return f"{self._base}/{path}"

    def _listing(self, folder: str) -> set[str]:
        """Returns the files below a folder there, by their paths in it."""
        start = self._path(folder)
        self._fs.invalidate_cache()
        try:
            found: Iterable[str] = self._do(lambda: self._fs.find(start))
        except FileNotFoundError:
            return set()
        return {path[path.index(start) + len(start) + 1 :] for path in found if start in path}

    def _is_final(self, job_hash: str) -> bool:
        """Whether there is a result here that no other one can say more than."""
        here = self._here(job_hash)
        return here is not None and here.state == State.DONE and not here.stopped

    def _here(self, job_hash: str) -> Ended | None:
        file = self._jobs / job_hash / RESULT_FILE
        return ending_in(file.read_bytes(), job_hash) if file.is_file() else None

    def _there(self, job_hashes: Iterable[str]) -> dict[str, Ended]:
        """Returns how those of the jobs ended whose results are whole there, all read at once."""
        paths = {self._path(job_path(job_hash, RESULT_FILE)): job_hash for job_hash in job_hashes}
        if not paths:
            return {}
        texts: dict[str, bytes] = self._do(
            lambda: _whole(self._fs.cat([*paths], on_error="return"))
        )
        found = {
            job_hash: ending_in(texts.get(path, b""), job_hash) for path, job_hash in paths.items()
        }
        return {job_hash: ended for job_hash, ended in found.items() if ended is not None}

    def _pull_sweep(self, name: str) -> None:
        home = self.root / sweep_path(name)
        there, here = self.read(sweep_path(name, LEDGER_FILE)), home / LEDGER_FILE
        if there is None or (here.exists() and here.stat().st_size >= len(there)):
            return
        files = self._listing(sweep_path(name)) - {DRIVER_FILE}
        for file in sorted(files, key=lambda file: (file == LEDGER_FILE, file)):
            self._get(sweep_path(name, file), home / file)

    def _pull_records(self, job_hash: str, listing: Iterable[str]) -> None:
        """Fetches a job but for its weights, in the place of what is here, if it is whole there."""
        part = self._jobs / f".{job_hash}-pulled-{uuid.uuid4().hex[:8]}"
        with _whole_or_not(part):
            for path in listing:
                inside = path.partition("/")[2]
                if inside.partition("/")[0] not in KINDS:
                    self._get(f"{JOBS}/{path}", part / inside)
            changed = changed_record(part, read_checksums(part, job_hash))
        if changed is not None:
            self.damaged[job_hash] = changed.relative_to(part)
            shutil.rmtree(part)
            return
        home = self._jobs / job_hash
        if home.exists():
            set_aside(home)
        try:
            part.rename(home)
        except OSError:  # somebody else was quicker
            shutil.rmtree(part)

    def _get(self, path: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        try:
            self._do(lambda: self._fs.get_file(self._path(path), str(part)))
        except Unreachable as error:
            raise (_of_this_machine(error, part) or error) from None
        part.replace(file)

    def _put(self, path: str, text: bytes) -> None:
        there = self._room(path)
        self._do(lambda: self._fs.pipe_file(there, text))

    def _put_file(self, path: str, file: Path) -> None:
        there = self._room(path)
        self._do(lambda: self._fs.put_file(str(file), there))

    def _remove(self, folder: str) -> None:
        there = self._path(folder)
        if self._do(lambda: self._fs.exists(there)):
            self._do(lambda: self._fs.rm(there, recursive=True))

    def _room(self, path: str) -> str:
        """Returns the path there, whose folder is made where there are folders."""
        there = self._path(path)
        self._do(lambda: self._fs.makedirs(there.rpartition("/")[0], exist_ok=True))
        return there

    def _do(self, call: Callable[[], T]) -> T:
        return attempt(call, self._address)


def _with_result(listing: Iterable[str]) -> set[str]:
    """Returns the jobs whose results are in a listing."""
    return {path.split("/")[0] for path in listing if path.endswith(f"/{RESULT_FILE}")}


def _of_this_machine(error: Unreachable, part: Path) -> OSError | None:
    """Returns what went wrong with a file that was fetched to `part`, if it was here."""
    cause = error.__cause__
    if not isinstance(cause, OSError):
        return None
    return cause if lacks_room(cause) or str(cause.filename) == str(part) else None


@contextmanager
def _whole_or_not(part: Path) -> Iterator[None]:
    """Leaves nothing of `part` behind, should it not become whole."""
    try:
        yield
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _whole(texts: Mapping[str, bytes | Exception]) -> dict[str, bytes]:
    """Returns what was read of files that are there; anything else that went wrong is raised."""
    found = dict[str, bytes]()
    for path, text in texts.items():
        if isinstance(text, bytes):
            found[path] = text
        elif not isinstance(text, FileNotFoundError):
            raise text
    return found


def _is_new(ended: Ended | None, other: Ended | None) -> bool:
    """Returns whether a job that `ended` is to be brought where it ended as the `other` says."""
    return ended is not None and (other is None or says_more(ended, other))

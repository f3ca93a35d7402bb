"""A storage folder's copy at a URL, by fsspec: what is there is found, and gone on with, anywhere.

A job's `result.json` is put there last and read last, as object stores cannot rename a folder: a
job whose result can be read there is done. Of a sweep's folder that copy counts whose ledger is the
longer one, which is written last.
"""

import json
import shutil
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from evals.errors import ConfigError
from orchestrator.ledger import LEDGER_FILE
from orchestrator.storing.weights import ADAPTER, MODEL, REMOVED, WHY_FILE

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

RESULT = "result.json"
GROWING = (".jsonl", ".journal")
"""Endings of files of whole lines, which may be copied while they grow."""
T = TypeVar("T")


class Unreachable(Exception):
    """Raised when the URL cannot be read or written now; another time may be better."""


class Mirror:
    """The copy at `url` of the storage folder `root`; every method raises Unreachable."""

    def __init__(self, url: str, root: Path) -> None:
        """Opens the file system, which may talk to it or not.

        Raises:
            ConfigError: there is none of this kind.
        """
        from fsspec.core import url_to_fs

        self.url = url.rstrip("/")
        self._root = root
        try:
            found: tuple[Any, str] = _tried(lambda: url_to_fs(self.url))
        except Unreachable as error:
            raise unusable(url, error) from None
        self._fs: AbstractFileSystem = found[0]
        self._base = found[1].rstrip("/")

    def pull(self, name: str) -> None:
        """Fetches the sweep's folder, if it is ahead of what is here, and all jobs' records."""
        self._pull_sweep(name)
        listing = self._listing("jobs")
        for job_hash in sorted({path.split("/")[0] for path in listing}):
            if f"{job_hash}/{RESULT}" in listing and not (self._jobs / job_hash).exists():
                own = [path for path in listing if path.startswith(f"{job_hash}/")]
                self._pull_records(job_hash, own)

    def pull_model(self, job_hash: str) -> None:
        """Fetches a baseline's model, unless it is here."""
        home = self._jobs / job_hash / MODEL
        files = self._listing(f"jobs/{job_hash}/{MODEL}")
        if home.exists() or not files:
            return
        part = home.with_name(f".{MODEL}-{uuid.uuid4().hex[:8]}")
        for file in files:
            self._get(f"jobs/{job_hash}/{MODEL}/{file}", part / file)
        part.rename(home)

    def missing(self) -> list[str]:
        """Returns the hashes of the jobs that are here and not there."""
        there = self._listing("jobs")
        here = sorted(file.parent.name for file in self._jobs.glob(f"[!.]*/{RESULT}"))
        return [job_hash for job_hash in here if f"{job_hash}/{RESULT}" not in there]

    def push_job(self, job_hash: str) -> None:
        """Puts a finished job there, unless one that ended as well is there already.

        Nor one that has left no result here, as one whose disk was full may not have.
        """
        home = self._jobs / job_hash
        if not (home / RESULT).is_file():
            return
        there = self._state(job_hash)
        if there == "done" or there == _state_of((home / RESULT).read_bytes()):
            return
        if there:
            self._do(lambda: self._fs.rm_file(self._path(f"jobs/{job_hash}/{RESULT}")))
        files = [file for file in home.rglob("*") if file.is_file() and file.name != RESULT]
        for file in files:
            self._put_file(f"jobs/{job_hash}/{file.relative_to(home).as_posix()}", file)
        self._put(f"jobs/{job_hash}/{RESULT}", (home / RESULT).read_bytes())

    def forget_adapter(self, job_hash: str) -> None:
        """Removes a job's adapter, as it was removed here."""
        note = self._jobs / job_hash / REMOVED / WHY_FILE
        self._put(
            f"jobs/{job_hash}/{REMOVED}/{WHY_FILE}", note.read_bytes() if note.exists() else b""
        )
        there = self._path(f"jobs/{job_hash}/{ADAPTER}")
        if self._do(lambda: self._fs.exists(there)):
            self._do(lambda: self._fs.rm(there, recursive=True))

    def push_sweep(self, name: str) -> None:
        """Puts the sweep's own folder there, its ledger last."""
        folder = self._root / "sweeps" / name
        files = [each for each in folder.glob("[!.]*") if each.is_file() and each.suffix != ".lock"]
        for file in sorted(files, key=lambda file: (file.name == LEDGER_FILE, file.name)):
            text = file.read_bytes()
            if file.suffix in GROWING:
                text = text[: text.rfind(b"\n") + 1]
            self._put(f"sweeps/{name}/{file.name}", text)

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
        return self._root / "jobs"

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

    def _state(self, job_hash: str) -> str:
        text = self.read(f"jobs/{job_hash}/{RESULT}")
        return "" if text is None else _state_of(text)

    def _pull_sweep(self, name: str) -> None:
        home = self._root / "sweeps" / name
        there, here = self.read(f"sweeps/{name}/{LEDGER_FILE}"), home / LEDGER_FILE
        if there is None or (here.exists() and here.stat().st_size >= len(there)):
            return
        files = self._listing(f"sweeps/{name}") - {LEASE}
        for file in sorted(files, key=lambda file: (file == LEDGER_FILE, file)):
            self._get(f"sweeps/{name}/{file}", home / file)

    def _pull_records(self, job_hash: str, listing: Iterable[str]) -> None:
        """Fetches a job but for its weights; one whose result is not whole yet is left there."""
        if not self._state(job_hash):
            return
        part = self._jobs / f".{job_hash}-pulled-{uuid.uuid4().hex[:8]}"
        for path in listing:
            inside = path.partition("/")[2]
            if inside.partition("/")[0] not in (ADAPTER, MODEL):
                self._get(f"jobs/{path}", part / inside)
        try:
            part.rename(self._jobs / job_hash)
        except OSError:  # somebody else was quicker
            shutil.rmtree(part)

    def _get(self, path: str, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        self._do(lambda: self._fs.get_file(self._path(path), str(part)))
        part.replace(file)

    def _put(self, path: str, text: bytes) -> None:
        there = self._room(path)
        self._do(lambda: self._fs.pipe_file(there, text))

    def _put_file(self, path: str, file: Path) -> None:
        there = self._room(path)
        self._do(lambda: self._fs.put_file(str(file), there))

    def _room(self, path: str) -> str:
        """Returns the path there, whose folder is made where there are folders."""
        there = self._path(path)
        self._do(lambda: self._fs.makedirs(there.rpartition("/")[0], exist_ok=True))
        return there

    def _do(self, call: Callable[[], T]) -> T:
        return _tried(call)


LEASE = "driver.json"
"""At the URL: who drives the sweep, and when that one was last heard of."""


def unusable(url: str, why: object) -> ConfigError:
    """Returns the error for a URL that cannot be used as a storage."""
    return ConfigError(
        f"storage must be a folder, or a URL that fsspec can read and write, but got {url!r} "
        f"({why}); correct it, install what it needs, or see to its credentials and network"
    )


def _tried(call: Callable[[], T]) -> T:
    """Returns what `call` does; every store fails with errors of its own."""
    try:
        return call()
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001  the store boundary: a sweep outlives it
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def _state_of(text: bytes) -> str:
    """Returns how a job ended; nothing while its result is being written."""
    try:
        return str(json.loads(text)["state"])
    except (ValueError, KeyError, TypeError):
        return ""

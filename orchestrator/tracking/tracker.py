"""Records a sweep in MLflow: one run for the sweep, one child run for each job.

The storage folder is the truth and MLflow a view of it. So trials never wait for it (one thread
writes in the background), nothing that goes wrong in it harms a sweep, and a sweep that is run
again adds what is missing and doubles nothing.
"""

import shlex
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from orchestrator.entry import Entry
from orchestrator.result import State
from orchestrator.tracking.child_run import child_run
from orchestrator.tracking.session import Place, Session, begin_session, first_line
from orchestrator.tracking.settings import TrackingSettings
from orchestrator.tracking.store_address import check_answers, shown

FAILURES_TO_GIVE_UP = 3
"""Failures in a row after which a closing tracker tries no more."""


class Tracker:
    """Records entries as they come, in the background; close it to wait for the last one."""

    def __init__(self, settings: TrackingSettings, place: Place) -> None:
        self._settings = settings
        self._place = place
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tracking")
        self._missed: list[tuple[Callable[[Session], None], str]] = []
        self._failures = 0
        self._closing = self._closed = False
        self._begin: Callable[[], Session]
        self._session: Future[Session]

    @staticmethod
    def check(settings: TrackingSettings, place: Place) -> None:
        """Refuses a store that does not answer, before anything is started or written.

        Raises:
            ConfigError: names `tracking.uri`, its value and the cure.
        """
        check_answers(settings.uri or _default_uri(place))

    @classmethod
    def open(cls, settings: TrackingSettings, place: Place, *, config_json: str) -> "Tracker":
        """Returns a tracker for the sweep, whose run is made, or found again if there is one.

        `config_json` is the resolved config. A fresh database takes seconds to set up, which
        then happens in the background.

        Raises:
            ConfigError: `tracking.uri` does not answer within seconds or cannot be used.
        """
        uri = settings.uri or _default_uri(place)
        check_answers(uri)
        tracker = cls(settings, place)
        tracker._begin = partial(begin_session, settings, place, uri, config_json)
        tracker._session = tracker._writer.submit(tracker._begin)
        fresh = settings.uri is None and not _default_file(place).exists()
        if not fresh:
            tracker._session.result()
        return tracker

    @property
    def complaint(self) -> str | None:
        """What is missing in MLflow and why, or None; complete once the tracker is closed."""
        if not self._missed:
            return None
        return (
            f"{len(self._missed)} records did not reach MLflow ({self._missed[0][1]}); "
            "run the same command again to add them"
        )

    @property
    def how_to_open(self) -> str:
        """The line that tells how to look at the runs."""
        uri = self._settings.uri or _default_uri(self._place)
        if uri.startswith("http"):
            return f"MLflow: open {uri}, experiment {self._settings.experiment}"
        command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", shown(uri)]
        return f"MLflow: {shlex.join(command)}"

    def log_entry(self, entry: Entry, *, job_folder: Path) -> None:
        """Records a finished job, with the files of `job_folder` that are there."""
        keep_adapter = self._settings.log_adapters and entry.result.state == State.DONE

        def write(session: Session) -> None:
            session.add(child_run(entry), job_folder=job_folder, keep_adapter=keep_adapter)

        self._later(write)

    def forget_adapter(self, job_hash: str) -> None:
        """Removes what MLflow has of an adapter that is no longer kept."""
        self._later(lambda session: session.forget_adapter(job_hash))

    def log_tables(self, paths: Sequence[Path]) -> None:
        """Records the sweep's tables."""

        def write(session: Session) -> None:
            for path in paths:
                session.client.log_artifact(session.run_id, str(path), "tables")

        self._later(write)

    def close(self, *, finished: bool) -> None:
        """Waits until everything is written, tries again what was missed, ends the sweep's run.

        `finished` says whether the sweep came to its end. What is closed already stays as it is.
        """
        if self._closed:
            return
        self._closed = self._closing = True
        status = "FINISHED" if finished else "KILLED"
        self._later(lambda session: session.client.set_terminated(session.run_id, status=status))
        self._writer.submit(self._try_again).result()
        self._writer.shutdown()

    def _later(self, write: "Callable[[Session], None]") -> None:
        self._writer.submit(self._attempt, write)

    def _try_again(self) -> None:
        missed, self._missed = self._missed, []
        self._failures = 0
        for write, _ in missed:
            self._attempt(write)

    def _attempt(self, write: "Callable[[Session], None]") -> None:
        """Writes, or notes why not; a closing tracker does not wait for a store that is gone."""
        if self._closing and self._failures >= FAILURES_TO_GIVE_UP:
            self._missed.append((write, self._missed[-1][1]))
            return
        try:
            write(self._opened())
        except Exception as error:  # noqa: BLE001  the tracker boundary: a sweep outlives it
            self._failures += 1
            self._missed.append((write, first_line(error)))
        else:
            self._failures = 0

    def _opened(self) -> Session:
        """Returns the session; one that could not begin, on a full disk perhaps, begins anew."""
        if self._session.exception() is not None:
            begun = Future[Session]()
            begun.set_result(self._begin())
            self._session = begun
        return self._session.result()


def _default_file(place: Place) -> Path:
    return place.storage / "mlflow.db"


def _default_uri(place: Place) -> str:
    return f"sqlite:///{_default_file(place)}"

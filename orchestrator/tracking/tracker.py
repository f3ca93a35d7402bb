"""Records a sweep in MLflow: one run for the sweep, one child run for each job.

The storage folder is the truth and MLflow a view of it. So trials never wait for it (one thread
writes in the background), nothing that goes wrong in it harms a sweep, what could not be written is
tried again for as long as the sweep runs, and a sweep that is run again adds what is missing and
doubles nothing.
"""

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from evals.errors import ConfigError
from orchestrator.config.tracking import TrackingSettings
from orchestrator.limits.steering import Steered
from orchestrator.results.entry import Entry
from orchestrator.storage.address import Address
from orchestrator.storage.files import DATABASE
from orchestrator.storage.result import State
from orchestrator.tracking.child_run import child_run
from orchestrator.tracking.job_files import job_files
from orchestrator.tracking.live_reports import LiveReports
from orchestrator.tracking.provenance import code_tags, requirements_text
from orchestrator.tracking.run_note import MAIN_TABLE, NOTE, job_note, sweep_note, with_table
from orchestrator.tracking.session import Files, Place, Session
from orchestrator.tracking.store import begin_session
from orchestrator.tracking.store_address import check_answers, default_address, shell_word
from orchestrator.tracking.sweep_run import SweepTally, sweep_params, sweep_tags
from orchestrator.tracking.writer import Writer
from trainers.job import Job, Report

REQUIREMENTS = "requirements.txt"
BY_HAND = "by_hand."
"""What tags begin with that say what was done to a sweep by hand."""
MAX_TAG = 4000
"""Characters of a tag: every store takes as many."""
LOCAL_UI = "http://127.0.0.1:5000"
"""Where MLflow's own pages are served unless it is told otherwise."""
RUNS = "runs?workflowType=machine_learning"
"""The page of an experiment that lists its runs; without more MLflow shows traces of agents."""
LEAVING_S = 3.0
"""Seconds for which a sweep that leaves waits for the next record to be written."""
REPORT_FOLDERS = {".html": None, ".png": "figures", ".pdf": "figures"}
"""Where a report's files go among the artifacts; the others are tables."""


class Tracker:
    """Records entries as they come, in the background; close it to wait for the last one."""

    def __init__(
        self,
        settings: TrackingSettings,
        place: Place,
        *,
        config: dict[str, Any],
        begin: Callable[[], Session],
    ) -> None:
        self._settings = settings
        self._place = place
        self._begin = begin
        self._session: Session | None = None
        self._writer = Writer(self._gone)
        self._live = LiveReports()
        self._flush_is_due = False
        self._tally = SweepTally(config)
        self._note = sweep_note(config, place.folder)
        self._closed = False

    @staticmethod
    def check(settings: TrackingSettings, place: Place) -> None:
        """Refuses a store that does not answer, before anything is started or written.

        Raises:
            ConfigError: names `tracking.uri`, its value and the cure.
        """
        check_answers(settings.uri or default_address(place.storage))

    @classmethod
    def open(cls, settings: TrackingSettings, place: Place, *, config_json: str) -> "Tracker":
        """Returns a tracker for the sweep, whose run is made, or found again if there is one.

        `config_json` is the resolved config. A fresh database takes seconds to set up, which
        then happens in the background.

        Raises:
            ConfigError: `tracking.uri` does not answer within seconds or cannot be used.
        """
        address = settings.uri or default_address(place.storage)
        check_answers(address)
        config = json.loads(config_json)
        begin = partial(begin_session, settings, place, address, config_json)
        fresh = settings.uri is None and not (place.storage / DATABASE).exists()
        session = None if fresh else begin()
        tracker = cls(settings, place, config=config, begin=begin)
        tracker._session = session
        tags = {**code_tags(), **sweep_tags(config, place.folder)}
        params = sweep_params(config)
        texts = {REQUIREMENTS: requirements_text()}
        tracker._later(lambda opened: opened.describe(params, tags, texts))
        return tracker

    @property
    def complaint(self) -> str | None:
        """What is missing in MLflow and why, or None; complete once the tracker is closed."""
        missed = self._writer.missed
        if not missed:
            return None
        reason = self._address.cleaned(missed[0])
        return (
            f"{len(missed)} records did not reach MLflow ({reason}); "
            "run the same command again to add them"
        )

    @property
    def how_to_open(self) -> str:
        """The lines that tell how to look at the list of runs, once that has a page."""
        address, session = self._address, self._session
        page = "" if session is None else f"/#/experiments/{session.experiment_id}/{RUNS}"
        if address.used.startswith("http"):
            return f"MLflow: {address.shown}{page}"
        command = shlex.join([sys.executable, "-m", "mlflow", "ui", "--backend-store-uri"])
        served = f"MLflow: {command} {shell_word(address)}"
        return f"{served}\n        shows the runs at {LOCAL_UI}{page}"

    def log_report(self, job: Job, report: Report) -> None:
        """Records what a running job says, with all that is said within `tracking.flush_s`.

        Jobs that end sooner are recorded once, by `log_entry`.
        """
        self._live.add(job, report)
        if not self._flush_is_due:
            self._flush_is_due = True
            self._later(self._flush, after_s=self._settings.flush_s)

    def log_entry(self, entry: Entry, *, job_folder: Path) -> None:
        """Records a finished job, with the files of `job_folder` that are there.

        Which code made a result that was found in storage is not known, and not said.
        """
        self._live.drop(entry.result.job.hash)
        self._tally.add(entry)
        run = child_run(entry)
        files = Files(
            job_folder,
            texts=lambda: job_files(entry.result, job_folder),
            adapter=self._settings.log_adapters and entry.result.state == State.DONE,
        )
        note = {NOTE: job_note(entry, self._place.storage)}
        more = note if entry.cached else {**note, **code_tags()}
        self._later(lambda session: session.add(run, files, more=more))

    def log_steered(self, steered: Steered) -> None:
        """Records with the sweep's run what a person has had done to it, as a tag of its own."""
        name = f"{BY_HAND}{steered.id[:8]}{f'.{steered.label}' if steered.label else ''}"
        note = f" ({steered.note})" if steered.note else ""
        self._later(lambda session: session.tag({name: f"{steered.said}{note}"[:MAX_TAG]}))

    def log_attacks(self, found: Mapping[str, Mapping[str, float]]) -> None:
        """Records with the runs of jobs, by hash, what attacks on their settings came to.

        The many models that are attacked have no runs of their own.
        """
        now_ms = round(time.time() * 1000)
        self._later(lambda session: session.add_attacks(found, now_ms))

    def mark_front(self, job_hashes: Iterable[str]) -> None:
        """Says in the tag `on_front` of every trial whether it is one of these."""
        front = frozenset(job_hashes)
        self._later(lambda session: session.mark_front(front))

    def forget_adapter(self, job_hash: str) -> None:
        """Removes what MLflow has of an adapter that is no longer kept."""
        self._later(lambda session: session.forget_adapter(job_hash))

    def log_files(self, paths: Sequence[Path]) -> None:
        """Records the sweep's tables, figures and page; its main table is in its note, too."""

        def write(session: Session) -> None:
            for table in (path for path in paths if path.name == MAIN_TABLE):
                text = table.read_text(encoding="utf-8")
                session.tag({NOTE: with_table(self._note, text)})
            for path in paths:
                folder = REPORT_FOLDERS.get(path.suffix, "tables")
                session.client.log_artifact(session.run_id, str(path), folder)

        self._later(write)

    def close(self, *, finished: bool) -> None:
        """Waits until everything is written, tries again what was missed, ends the sweep's run.

        `finished` says whether the sweep came to its end; one that leaves is not summed up, and
        does not wait for a store that does not answer. What is closed already stays as it is.
        """
        if self._closed:
            return
        self._closed = True
        self._later(self._flush)
        if finished:  # a sum of a part would be a point more, which one left alone has not
            metrics, now_ms = self._tally.metrics(), round(time.time() * 1000)
            self._later(lambda session: session.sum_up(metrics, now_ms))
        self._later(lambda session: session.end("FINISHED" if finished else "KILLED"))
        self._writer.close(patience_s=None if finished else LEAVING_S)

    @property
    def _address(self) -> Address:
        return self._settings.uri or default_address(self._place.storage)

    def _later(self, write: Callable[[Session], None], *, after_s: float = 0.0) -> None:
        self._writer.put(lambda: write(self._opened()), after_s=after_s)

    def _opened(self) -> Session:
        """Returns the session; one that could not begin, on a full disk perhaps, begins anew."""
        if self._session is None:
            self._session = self._begin()
        return self._session

    def _flush(self, session: Session) -> None:
        self._flush_is_due = False
        for said in self._live.waiting():
            session.tell(said.job, said.points)
            self._live.written(said)

    def _gone(self) -> str | None:
        """Returns why nobody answers at the store's address, or None."""
        try:
            check_answers(self._address)
        except ConfigError as error:
            return str(error)
        return None

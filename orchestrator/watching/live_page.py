"""The page of a sweep that may be running, made anew as its files change, and no more often.

Making the page of a thousand trials takes a core some seconds. So one page is made at a time, in
the background, only while somebody asks, and never for more than a tenth of the time.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from markupsafe import Markup

from evals.errors import ConfigError
from orchestrator.config.loading import load_resumed
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.answer import answer
from orchestrator.reporting.estimates.attacks import with_attacks
from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.page.now import Now, empty_page, now_html
from orchestrator.reporting.page.page import Live, page_text
from orchestrator.reporting.publish import tables_of, with_estimates
from orchestrator.reporting.selection import everything
from orchestrator.reporting.sweep_record import SweepRecord, record_in
from orchestrator.results.chance import Chance, judged_by_chance
from orchestrator.storage.address import NO_ENVIRONMENT
from orchestrator.storage.file_stamp import stamp_of
from orchestrator.storage.files import CONFIG_FILE, LEDGER_FILE, LIVE_FILE, MEMBERS_FILE
from orchestrator.storage.lock import holder_of
from orchestrator.watching.now import now_of
from orchestrator.watching.remembered import RememberedStorage

SHARE = 0.1
"""Of the time that pages may be made in."""
NOW_EVERY_S = 10.0
"""Seconds after which what goes on is said anew, though no file has changed: times have."""
HERE, VERSION = Markup("<!-- what goes on -->"), "version-of-the-page"
"""Where these stand in the page that is kept."""
TROUBLE = "Not all of the sweep's folder can be read just now, so this page may be older: "


@dataclass(frozen=True, slots=True)
class Seen:
    """What goes on in the sweep, as HTML, and the version of the page that is there."""

    page: str
    html: str


class LivePage:
    """The page of the sweep in the folder `path`; may be asked by several threads.

    Raises:
        ConfigError: it is no sweep's folder.
    """

    def __init__(
        self,
        path: str,
        *,
        environment: Mapping[str, str] = NO_ENVIRONMENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._environment = environment
        self._clock = clock
        self._config = self._read_config()
        self._storage = RememberedStorage(self._config.folder)
        self._folder = self._storage.sweep_path(self._config.name)
        self._born = time.time_ns()
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._text = ""
        self._made = 0
        self._made_of: object = None
        self._not_before = 0.0
        self._trouble = ""
        self._is_whole = False
        self._now: Markup | None = None
        self._now_of: object = None
        self._now_at = 0.0
        self._chance: tuple[object, Chance] | None = None

    def look(self) -> Seen:
        """Returns what goes on; has the page made anew if there is reason to."""
        if self._is_due() and self._making.acquire(blocking=False):
            threading.Thread(target=self._make_and_release, name="page", daemon=True).start()
        return Seen(self._version, self._current_now())

    def page(self) -> str:
        """Returns the page, made anew first if there is reason to."""
        if not self._text or self._is_due():
            with self._making:
                if not self._text or self._is_due():
                    self._make()
        now = self._current_now()
        if not self._text:
            return empty_page(self._said())
        with self._lock:
            return self._text.replace(VERSION, self._version).replace(HERE, now)

    @property
    def _version(self) -> str:
        return f"{self._born:x}-{self._made}"

    def _is_due(self) -> bool:
        return self._clock() >= self._not_before and self._stamp() != self._made_of

    def _make_and_release(self) -> None:
        try:
            self._make()
        finally:
            self._making.release()

    def _make(self) -> None:
        """Makes the page anew, unless its files cannot be read; then the last one stays."""
        begun, stamp = self._clock(), self._stamp()
        try:
            text = self._made_page()
        except (ConfigError, ValueError, OSError) as error:
            self._trouble = f"{TROUBLE}{error}"
        else:
            with self._lock:
                self._made += text != self._text
                self._text, self._trouble, self._made_of = text, "", stamp
        finally:
            took_s = self._clock() - begun
            self._not_before = self._clock() + max(1.0, took_s * (1 - SHARE) / SHARE)

    def _made_page(self) -> str:
        config = self._config = self._read_config()
        record = self._with_known_chance(record_in(self._storage, config))
        self._is_whole = not record.gaps
        record, finals = with_estimates(with_attacks(record))
        if record.chance is not None:
            self._chance = self._chance_key(record), record.chance
        return page_text(
            record,
            figure_data_of(record, finals),
            tables_of(record, finals, everything(config)),
            answer=answer(record, finals),
            live=Live(HERE, VERSION),
        )

    def _with_known_chance(self, record: SweepRecord) -> SweepRecord:
        """Returns the record with what chance makes of its original, if that was asked before."""
        if record.reference is None or self._chance is None:
            return record
        key, chance = self._chance
        if key != self._chance_key(record):
            return record
        objective = record.config.search.primary
        entries = judged_by_chance(record.entries, chance, objective=objective)
        return replace(record, chance=chance, entries=entries)

    def _chance_key(self, record: SweepRecord) -> object:
        assert record.reference is not None
        return record.reference.original.job.hash, record.reference.gold.job.hash

    def _current_now(self) -> Markup:
        """Returns what goes on, said anew if a file has changed or some time has passed."""
        stamp = self._stamp(), stamp_of(self._folder / LIVE_FILE), self._trouble
        with self._lock:
            is_old = self._clock() - self._now_at >= NOW_EVERY_S
            if self._now is None or stamp != self._now_of or is_old:
                self._now = now_html(self._said())
                self._now_of, self._now_at = stamp, self._clock()
            return self._now

    def _said(self) -> Now:
        try:
            return now_of(
                self._config, self._storage, is_whole=self._is_whole, trouble=self._trouble
            )
        except (ConfigError, ValueError, OSError) as error:
            return Now(self._config.name, "Not to be read just now:", f"{error}.")

    def _stamp(self) -> object:
        """Returns what changes with anything that the page is of."""
        names = (MEMBERS_FILE, LEDGER_FILE, CONFIG_FILE)
        return holder_of(self._folder), *(stamp_of(self._folder / name) for name in names)

    def _read_config(self) -> SweepConfig:
        return load_resumed(self._path, (), option="DIR", environment=self._environment)

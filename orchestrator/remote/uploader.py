"""Takes what a sweep leaves in its storage folder to the URL that it is kept at, all the while.

One thread does it in the background: an unreachable URL holds nothing up, is tried again, and is
complained of in the end.
"""

import queue
import threading
import time
from collections.abc import Callable
from functools import partial

from evals.errors import ConfigError
from orchestrator.remote.heartbeat import Heartbeat
from orchestrator.remote.mirror import Mirror
from orchestrator.remote.url_file_system import Unreachable, unusable
from orchestrator.storage.masking import masked_text

EVERY_S = 30.0
"""Seconds between copies of the sweep's own folder."""
TRIES_AT_END = 5
MANY = 3
"""Errands of one round that may fail before the URL counts as away."""


class Uploader:
    """Brings the jobs and the folder of the sweep `name` to `mirror`; `say` gets what people see.

    Raises:
        ConfigError: the sweep is driven from elsewhere, or the URL cannot be written to.
    """

    def __init__(
        self, mirror: Mirror, name: str, *, say: Callable[[str], None], every_s: float = EVERY_S
    ) -> None:
        self._mirror = mirror
        self._name = name
        self._say = say
        self._every_s = every_s
        self._errands: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._waiting: list[Callable[[], None]] = []
        self._said = False
        self._heartbeat = Heartbeat(mirror, name, every_s=every_s)
        try:
            self._waiting = [partial(mirror.push_job, each) for each in mirror.missing()]
            self._heartbeat.start()
        except (Unreachable, OSError) as error:
            raise unusable(mirror.url, error) from None
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)
        self._thread.start()

    def job(self, job_hash: str) -> None:
        """Has a finished job brought there."""
        self._errands.put(partial(self._mirror.push_job, job_hash))

    def forget_weights(self, job_hash: str) -> None:
        """Has a trial's weights removed there."""
        self._errands.put(partial(self._mirror.forget_weights, job_hash))

    def close(self) -> str | None:
        """Brings what is left, and returns what is missing there all the same and why, if so."""
        if not self._thread.is_alive():
            return None
        self._errands.put(None)
        self._thread.join()
        for attempt in range(TRIES_AT_END):
            complaint = self._round()
            if complaint is None:
                break
            time.sleep(min(self._every_s, 2.0**attempt) if attempt + 1 < TRIES_AT_END else 0)
        self._heartbeat.end()
        complaint = _complaint(partial(self._heartbeat.beat, over=True)) or complaint
        return complaint and (
            f"not everything has reached {self._mirror.url} ({complaint}); run the same command "
            "again here to bring it there"
        )

    def _run(self) -> None:
        over = False
        while not over:
            over = self._take_errands()
            complaint = None if over else self._round()
            if complaint is not None and not self._said:
                self._say(
                    f"lethe: not everything reaches {self._mirror.url} ({complaint}); tried again"
                )
            self._said = complaint is not None

    def _take_errands(self) -> bool:
        """Waits for errands, but not for long; returns whether there will be no more."""
        wait: float | None = self._every_s
        while True:
            try:
                errand = self._errands.get(timeout=wait)
            except queue.Empty:
                return False
            if errand is None:
                return True
            self._waiting.append(errand)
            wait = 0.0

    def _round(self) -> str | None:
        """Runs the errands, copies the folder, and says what could not be done and why, if so.

        An errand that failed holds up no other one: it is the last one of the next round. After a
        few of them the others are left for then, too, as the URL may be away.
        """
        failed, said = list[Callable[[], None]](), list[str]()
        while self._waiting and len(failed) < MANY:
            errand = self._waiting.pop(0)
            complaint = _complaint(errand)
            if complaint is not None:
                failed.append(errand)
                said.append(complaint)
        self._waiting += failed
        folder = _complaint(partial(self._mirror.push_sweep, self._name))
        return folder or next(iter(said), None)


def _complaint(errand: Callable[[], None]) -> str | None:
    """Runs an errand, and returns why it could not be done, if so."""
    try:
        errand()
    except (Unreachable, OSError, ConfigError) as error:
        return masked_text(str(error))
    return None

"""The file that a sweep's studies are kept in, which outlives its drivers and full disks."""

from pathlib import Path
from typing import Any

from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock

from orchestrator.storage.line_file import Wait, all_or_nothing, mend


class Journal(JournalFileBackend):
    """Optuna's journal, in which there are whole records only; they `wait` for room on disk."""

    def __init__(self, file: Path, *, wait: Wait) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        mend(file)
        super().__init__(str(file), _Alone())
        self._file = file
        self._wait = wait

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Appends records, as soon as there is room for them."""

        def write() -> None:
            super(Journal, self).append_logs(logs)

        all_or_nothing(self._file, write, wait=self._wait)


class _Alone(BaseJournalFileLock):
    """No lock: a sweep's folder has one driver at a time (`orchestrator.storage.lock`).

    Optuna's own are files, for which a full disk may have no room.
    """

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        """Gives back nothing."""

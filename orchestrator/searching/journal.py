"""The file that a sweep's studies are kept in, which outlives its drivers and full disks."""

import json
from pathlib import Path
from typing import Any

from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock

from orchestrator.storage.line_file import Wait, append_all, mend
from orchestrator.storage.sweep_lines import check_journal


class Journal(JournalFileBackend):
    """Optuna's journal, in which there are whole records only; they `wait` for room on disk.

    Each is sealed (`orchestrator.storage.line_file`), as Optuna would take one for another's.
    """

    def __init__(self, file: Path, *, wait: Wait) -> None:
        """Opens the journal, which is made if it is not there.

        Raises:
            ConfigError: it is not as it was written.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        check_journal(file)
        mend(file)
        super().__init__(str(file), _Alone())
        self._file = file
        self._wait = wait

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Appends records, as soon as there is room for them."""
        lines = [json.dumps(log, separators=(",", ":")) for log in logs]
        append_all(self._file, lines, wait=self._wait, durably=True)


class _Alone(BaseJournalFileLock):
    """No lock: a sweep's folder has one driver at a time (`orchestrator.storage.lock`).

    Optuna's own are files, for which a full disk may have no room.
    """

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        """Gives back nothing."""

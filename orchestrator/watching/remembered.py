"""Results and scores that were read before and have not changed since."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from evals.scores import ScoreSheet
from orchestrator.storage.file_stamp import Stamp, stamp_of
from orchestrator.storage.files import RESULT_FILE, SCORES_FILE, job_path
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result

MAX_SHEETS = 128
"""Score sheets that are kept: those of baselines and finalists, which every report reads."""

Found = TypeVar("Found")


class RememberedStorage(Storage):
    """A storage folder that reads each file once, for who looks at all of it again and again."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._results: OrderedDict[str, tuple[Stamp, Result | None]] = OrderedDict()
        self._sheets: OrderedDict[str, tuple[Stamp, ScoreSheet]] = OrderedDict()

    def recorded(self, job_hash: str) -> Result | None:
        stamp = self._stamp(job_hash, RESULT_FILE)
        return _remembered(self._results, job_hash, stamp, super().recorded)

    def sheet(self, job_hash: str) -> ScoreSheet:
        stamp = self._stamp(job_hash, SCORES_FILE)
        found = _remembered(self._sheets, job_hash, stamp, super().sheet)
        while len(self._sheets) > MAX_SHEETS:
            self._sheets.popitem(last=False)
        return found

    def _stamp(self, job_hash: str, name: str) -> Stamp | None:
        return stamp_of(self.root / job_path(job_hash, name))


def _remembered(
    known: "OrderedDict[str, tuple[Stamp, Found]]",
    job_hash: str,
    stamp: Stamp | None,
    read: Callable[[str], Found],
) -> Found:
    if stamp is None:
        return read(job_hash)
    held = known.get(job_hash)
    if held is None or held[0] != stamp:
        held = known[job_hash] = stamp, read(job_hash)
    known.move_to_end(job_hash)
    return held[1]

"""Which jobs the other sweeps of a storage folder have anything to do with."""

import re
from pathlib import Path

from orchestrator.storage.files import JOURNAL, LEDGER_FILE, MEMBERS_FILE

FILES = (LEDGER_FILE, MEMBERS_FILE, JOURNAL)
"""The ledger has every job that was given out, the members every one that has ended, the journal
every one whose trial was told."""

HASH = re.compile(rb"\b[0-9a-f]{16}\b")


class OtherSweeps:
    """Looks into the folders of all sweeps but `own`, into each file again when it has grown."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self._read: dict[Path, tuple[int, frozenset[str]]] = {}

    def jobs_of_others(self) -> frozenset[str]:
        """Returns the hashes of all jobs that another sweep has given out, found or learned from.

        Raises:
            OSError: a file cannot be read.
        """
        others = [each for each in self._own.parent.glob("*/") if each != self._own]
        found = [self._in(folder / name) for folder in others for name in FILES]
        return frozenset().union(*found)

    def _in(self, file: Path) -> frozenset[str]:
        try:
            size = file.stat().st_size
        except FileNotFoundError:
            return frozenset()
        known = self._read.get(file)
        if known is None or known[0] != size:
            hashes = frozenset(found.decode() for found in HASH.findall(file.read_bytes()))
            known = self._read[file] = size, hashes
        return known[1]

"""Whether the three files of a sweep that grow by lines still belong together.

Members and ledger take down what they had seen of each other, the ledger also what it had seen of
the searches' journal. So a file that has lost its last lines, or gave way to an older copy or that
of another sweep, is found out by what the others have seen of it.
"""

from collections.abc import Sequence
from pathlib import Path

from evals.errors import ConfigError, cut
from orchestrator.storage.files import JOURNAL, LEDGER_FILE, MEMBERS_FILE
from orchestrator.storage.line_file import SealedLine, sealed_lines

LOST_LINES = "has lost its last lines, or is an older copy or another sweep's"
"""What is said of a file of which others have seen more."""


def check_journal(file: Path) -> None:
    """Refuses a journal of searches whose lines do not follow from each other.

    Raises:
        ConfigError: names the file, the line and the cure.
    """
    try:
        sealed_lines(file)
    except (ValueError, OSError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"{file} must be the record of this sweep's searches but got {cut(what, limit=200)}; "
            "restore it from a copy, or remove it and run the sweep's command again: what it "
            "suggests again is found in storage"
        ) from None


def files_with_lost_lines(folder: Path) -> tuple[str, ...]:
    """Returns which of the files of the sweep in `folder` lack lines that others have seen.

    They may be growing. A file whose loss was seen by later lines does not count any more.

    Raises:
        OSError: one cannot be read.
        ValueError: one is not as it was written.
    """
    earlier, ledger = sealed_lines(folder / MEMBERS_FILE), sealed_lines(folder / LEDGER_FILE)
    # What was read first has seen nothing of what comes later.
    members, journal = sealed_lines(folder / MEMBERS_FILE), sealed_lines(folder / JOURNAL)
    lost = {
        MEMBERS_FILE: _lacks(members, MEMBERS_FILE, by=ledger, whose=LEDGER_FILE),
        LEDGER_FILE: _lacks(ledger, LEDGER_FILE, by=earlier, whose=MEMBERS_FILE),
        JOURNAL: _lacks(journal, JOURNAL, by=ledger, whose=LEDGER_FILE),
    }
    return tuple(name for name, is_lost in lost.items() if is_lost)


def _lacks(lines: Sequence[SealedLine], name: str, *, by: Sequence[SealedLine], whose: str) -> bool:
    """Returns whether `lines` lack what the last line of the file `whose` has seen of them."""
    if not by:
        return False
    seen = by[-1].seen.get(name, "")
    if not seen or any(line.seal == seen for line in lines):
        return False
    return not any(line.seen.get(whose) == by[-1].seal for line in lines)

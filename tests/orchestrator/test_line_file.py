from pathlib import Path

import pytest

from orchestrator.line_file import mend


@pytest.mark.parametrize(
    ("found", "left"),
    [(b"a\nb\n", b"a\nb\n"), (b"a\nb", b"a\n"), (b"a", b""), (b"", b"")],
)
def test_half_a_line_at_the_end_is_removed(tmp_path: Path, found: bytes, left: bytes) -> None:
    file = tmp_path / "journal"
    file.write_bytes(found)
    mend(file)
    assert file.read_bytes() == left


def test_a_file_that_is_not_there_stays_away(tmp_path: Path) -> None:
    mend(tmp_path / "journal")
    assert not (tmp_path / "journal").exists()

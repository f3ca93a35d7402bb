from pathlib import Path

import pytest

from orchestrator.storage.line_file import all_or_nothing, mend


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


def test_a_line_that_finds_no_room_is_appended_later_and_only_once(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    file.write_text("a\n")
    errors = []

    def write() -> None:
        with file.open("a") as stream:
            stream.write("half a li" if len(errors) < 2 else "b\n")
        if len(errors) < 2:
            raise OSError(28, "No space left on device")

    all_or_nothing(file, write, wait=errors.append)
    assert file.read_text() == "a\nb\n"
    assert len(errors) == 2


def test_any_other_error_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "journal"

    def write() -> None:
        file.write_text("half a li")
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        all_or_nothing(file, write, wait=lambda _: None)
    assert file.read_text() == ""

"""Lines that follow from each other, and what happens to those that do not."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.storage.line_file import (
    NotAsWritten,
    all_or_nothing,
    append,
    at_once,
    last_seal,
    mend,
    sealed_lines,
    whole_lines,
)

TEXTS = ['{"a":1}', '{"a":2}', '{"a":"\\u2028,\\"seal\\":\\"x\\"}"}', '{"b":{"seen":{}}}']


def written(folder: Path, texts: list[str] = TEXTS) -> Path:
    folder.mkdir(exist_ok=True)
    for text in texts:
        append(folder / "file.jsonl", text, wait=at_once)
    return folder / "file.jsonl"


def test_lines_come_back_as_they_were_appended_with_their_seals(tmp_path: Path) -> None:
    file = written(tmp_path)
    assert whole_lines(file) == TEXTS
    seals = [line.seal for line in sealed_lines(file)]
    assert len(set(seals)) == 4
    assert seals[-1] == last_seal(file)
    with file.open("a") as stream:
        stream.write('{"half":')
    assert whole_lines(file) == TEXTS


def test_a_line_says_what_it_has_seen_of_other_files(tmp_path: Path) -> None:
    other = written(tmp_path)
    file = tmp_path / "ledger.jsonl"
    for _ in range(2):
        append(file, '{"c":3}', wait=at_once, seeing=[other, tmp_path / "none"])
    assert [line.seen for line in sealed_lines(file)] == [
        {"file.jsonl": last_seal(other), "none": ""}
    ] * 2
    assert whole_lines(file) == ['{"c":3}'] * 2


HARM: dict[str, Callable[[list[str]], list[str]]] = {
    "lost": lambda lines: [lines[0], *lines[2:]],
    "the first one lost": lambda lines: lines[1:],
    "doubled": lambda lines: [*lines[:2], *lines[1:]],
    "the last one doubled": lambda lines: [*lines, lines[-1]],
    "swapped": lambda lines: [lines[1], lines[0], *lines[2:]],
    "a digit": lambda lines: [lines[0], lines[1].replace("2", "3", 1), *lines[2:]],
    "a digit of a seal": lambda lines: [re.sub('.("})$', r"g\1", lines[0]), *lines[1:]],
    "without a seal": lambda lines: [*lines, TEXTS[0]],
    "empty": lambda lines: [*lines, ""],
}


@pytest.mark.parametrize("harm", HARM)
def test_lines_that_do_not_follow_from_each_other_are_refused(tmp_path: Path, harm: str) -> None:
    file = written(tmp_path)
    lines = file.read_text().split("\n")[:-1]
    file.write_text("".join(f"{line}\n" for line in HARM[harm](lines)))
    with pytest.raises(NotAsWritten, match=r"^line \d, which was changed or doubled"):
        whole_lines(file)


def test_lines_of_another_file_are_refused(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one"), written(tmp_path / "other", TEXTS[:2])
    for text in (one.read_text(), other.read_text() + one.read_text().split("\n")[2] + "\n"):
        other.write_text(text)
        with pytest.raises(NotAsWritten):
            whole_lines(other)


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

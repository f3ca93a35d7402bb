"""Commands are read whole or not at all, whoever else has written to their file."""

import os

import pytest

from orchestrator.storage.commands import Command, CommandReader, append_command
from orchestrator.storage.files import CONTROL_FILE


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "demo"
    made.mkdir()
    return made


def command(number: int, **changes) -> Command:
    return Command(
        **{"id": f"{number:032x}", "at": 1.0, "sweep": "demo", "verb": "pause", **changes}
    )


def test_what_is_appended_is_read_once_until_there_is_more(folder) -> None:
    reader = CommandReader(folder)
    assert reader.read() == []
    first = command(1, verb="add", label="npo", params={"lr": 1e-3, "n": 2, "on": True}, note="é\n")
    append_command(folder, first)
    assert reader.read() == [first]
    assert [type(value) for value in reader.read() or first.params.values()] == [float, int, bool]
    append_command(folder, command(2))
    assert [each.id for each in reader.read()] == [command(1).id, command(2).id]
    assert reader.read() == []


@pytest.mark.parametrize(
    "foreign",
    [
        b"half a li",
        b'{"id": "1"}\n',
        b"\xff\xfe\x00\n",
        b"[" * 5000 + b"\n",
        b'{"verb": "pause", "at": NaN}\n',
        b"x" * 2**23 + b"\n",
    ],
)
def test_what_is_no_command_harms_none(folder, foreign) -> None:
    (folder / CONTROL_FILE).write_bytes(foreign)
    append_command(folder, command(1))
    with (folder / CONTROL_FILE).open("ab") as file:
        file.write(b'{"id": "0000000')
    assert CommandReader(folder).read() == [command(1)]


def test_a_half_line_that_was_finished_is_read(folder) -> None:
    reader, text = CommandReader(folder), command(1).model_dump_json().encode()
    (folder / CONTROL_FILE).write_bytes(text[:20])
    assert reader.read() == []
    (folder / CONTROL_FILE).write_bytes(text + b"\n")
    assert reader.read() == [command(1)]


def test_another_sweeps_command_and_what_is_no_file_count_for_nothing(folder) -> None:
    append_command(folder, command(1, sweep="other"))
    assert CommandReader(folder).read() == []
    (folder / CONTROL_FILE).unlink()
    os.mkfifo(folder / CONTROL_FILE)
    assert CommandReader(folder).read() == []
    (folder / CONTROL_FILE).unlink()
    (folder / CONTROL_FILE).mkdir()
    assert CommandReader(folder).read() == []


def test_a_line_that_finds_no_room_leaves_nothing(folder, monkeypatch) -> None:
    append_command(folder, command(1))
    before = (folder / CONTROL_FILE).read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, line: write(handle, line[:7]))
    with pytest.raises(OSError, match="half a line"):
        append_command(folder, command(2))
    assert (folder / CONTROL_FILE).read_bytes() == before

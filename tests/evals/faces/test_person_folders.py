"""Which files are whose pictures, and what is refused beside them."""

import os

import pytest

from evals.errors import ConfigError
from evals.faces import person_folders
from evals.faces.person_folders import picture_files

NFC, NFD = "Jos\u00e9", "Jose\u0301"


@pytest.fixture
def people(tmp_path):
    """Gives a folder of two people with two files each."""
    for name in ("b", "a"):
        for file in ("2.png", "1.png"):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / file).write_bytes(f"{name}{file}".encode())
    return tmp_path


def ids(folder) -> list[str]:
    return [file.id for file in picture_files(folder, key="benchmark.path")]


def test_files_are_in_the_order_of_people_and_names(people) -> None:
    assert ids(people) == ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]
    first = picture_files(people, key="benchmark.path")[0]
    assert first.person == "a"
    assert first.read() == (str(people / "a" / "1.png"), b"a1.png")


def test_hidden_files_and_clutter_are_left_aside(people) -> None:
    (people / "README.md").touch()
    (people / ".hidden").mkdir()
    for name in (".DS_Store", "._1.png", "Thumbs.db", "desktop.ini"):
        (people / "a" / name).touch()
    (people / "a" / ".git").mkdir()
    assert len(ids(people)) == 4


def test_names_are_in_nfc_whatever_the_file_system_has(people) -> None:
    (people / NFD).mkdir()
    (people / NFD / f"{NFD} 李明.png").touch()
    assert ids(people)[0] == f"{NFC}/{NFC} 李明.png"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda d: (d / "A").mkdir(), "names differ by more than case.* but got '.' and '.'"),
        (lambda d: [(d / n).mkdir() for n in (NFC, NFD)], "normal form but got 'Jos"),
        (lambda d: [(d / "a" / n).touch() for n in (NFC, NFD)], "a must hold files whose names"),
        (lambda d: (d / "c").symlink_to(d / "a"), "'a' and 'c', which are the same|'c' and 'a'"),
        (lambda d: (d / "a" / "loop").symlink_to(d), "a must hold the pictures.* folder 'loop'"),
        (lambda d: (d / "a" / "more").mkdir(), "folder 'more'; move its pictures up"),
        (lambda d: (d / "1.jpg").touch(), "the picture '1.jpg' in .*; put it into its person's"),
        (lambda d: os.mkdir(os.fsencode(d) + b"/\xff"), "names in UTF-8 but got '.udcff'"),
    ],
    ids=["case", "people", "files", "alias", "loop", "nested", "loose", "latin1"],
)
def test_what_is_ambiguous_is_refused_by_name(people, make, said) -> None:
    make(people)
    with pytest.raises(ConfigError, match=said):
        ids(people)


@pytest.mark.parametrize("where", ["none", "a", "a/1.png"])
def test_what_is_no_folder_of_people_is_refused(people, where) -> None:
    with pytest.raises(ConfigError, match="benchmark.path must (be a folder|hold one folder a p)"):
        ids(people / where)


def test_what_cannot_be_read_has_no_bytes_and_says_why(people, monkeypatch) -> None:
    monkeypatch.setattr(person_folders, "MAX_BYTES", 6)
    loop = people / "a" / "loop"
    loop.symlink_to(loop)
    os.mkfifo(people / "a" / "pipe")
    (people / "b" / "large").write_bytes(b"x" * 7)
    read = dict(file.read() for file in picture_files(people, key="benchmark.path"))
    without = [name.removeprefix(str(people)) for name, data in read.items() if not data]
    assert without == [
        "/a/loop (no regular file, nor a link to one)",
        "/a/pipe (no regular file, nor a link to one)",
        "/b/large (more than 6 bytes)",
    ]

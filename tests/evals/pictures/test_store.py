"""Pictures are made once, mapped from a whole file only, and there without one, too."""

import os
from pathlib import Path

import numpy as np
import pytest

from evals.errors import ConfigError
from evals.pictures.picture import Pixels
from evals.pictures.store import CACHE, cache_folder, store_key, stored_pictures

SIZE = 4
PIXELS = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)


class Maker:
    def __init__(self, *pixels: Pixels | None) -> None:
        self.pixels = pixels or tuple(PIXELS)
        self.calls = 0

    def __call__(self):
        self.calls += 1
        yield from self.pixels


def stored(maker: Maker, folder: Path | None, *, key: str = "a"):
    count = len(maker.pixels)
    found = stored_pictures(maker, key=key, count=count, size=SIZE, folder=folder)
    assert [None if p is None else p.pixels.tobytes() for p in found] == [
        None if p is None else p.tobytes() for p in maker.pixels
    ]
    return found


def test_they_are_made_once_and_mapped_into_memory(tmp_path) -> None:
    maker = Maker()
    for _ in range(3):
        found = stored(maker, tmp_path / "deep" / "er")
    assert maker.calls == 1
    base = found[0].pixels
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        found[0].pixels[0, 0, 0] = 1
    assert [file.suffix for file in (tmp_path / "deep" / "er").iterdir()] == [".pictures"]


def test_what_is_left_out_is_left_out_when_read_again(tmp_path) -> None:
    maker = Maker(None, PIXELS[0], None)
    assert stored(maker, tmp_path) == stored(maker, tmp_path)
    assert maker.calls == 1


@pytest.mark.parametrize("damage", ["cut", "longer", "bit", "empty"])
def test_a_damaged_file_is_made_anew(tmp_path, damage) -> None:
    maker = Maker()
    stored(maker, tmp_path)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[7] ^= damage == "bit"
    bad = {"cut": content[:-1], "longer": content + b"0", "bit": content, "empty": b""}[damage]
    file.unlink()  # what is mapped stays as it was
    file.write_bytes(bad)
    stored(maker, tmp_path)
    assert maker.calls == 2
    stored(maker, tmp_path)
    assert maker.calls == 2


def test_without_a_folder_that_can_be_written_they_stay_in_memory(tmp_path) -> None:
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file" / "below"):
        maker = Maker()
        stored(maker, folder)
        assert maker.calls >= 1


def test_a_maker_that_fails_leaves_nothing_behind(tmp_path) -> None:
    def make():
        yield PIXELS[0]
        raise ConfigError("a corrupt picture")

    with pytest.raises(ConfigError, match="a corrupt picture"):
        stored_pictures(make, key="a", count=2, size=SIZE, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_only_old_beginnings_of_files_are_removed(tmp_path) -> None:
    old, new = tmp_path / "old.part", tmp_path / "new.part"
    for part in (old, new):
        part.touch()
    os.utime(old, (0, 0))
    stored(Maker(), tmp_path)
    assert not old.exists()
    assert new.exists()


def test_the_key_is_of_what_is_said_and_of_the_code(tmp_path) -> None:
    code = tmp_path / "code.py"
    code.write_text("a = 1")
    first = store_key({"b": 1, "a": 2}, code=[str(code)])
    assert store_key({"a": 2, "b": 1}, code=[str(code)]) == first
    assert store_key({"a": 2, "b": 2}, code=[str(code)]) != first
    code.write_text("a = 2")
    assert store_key({"a": 2, "b": 1}, code=[str(code)]) != first


def test_a_folder_that_cannot_be_is_refused_and_no_home_is_none(monkeypatch) -> None:
    assert cache_folder(None, key="benchmark.cache") is None
    with pytest.raises(ConfigError, match="benchmark.cache must be a path"):
        cache_folder("a\0b", key="benchmark.cache")
    monkeypatch.setenv("HOME", "/somewhere")
    assert cache_folder(CACHE, key="benchmark.cache") == Path("/somewhere/.cache/lethe/pictures")

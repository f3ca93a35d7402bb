"""Pictures in files are read once, by their content; an unreadable one is skipped if asked."""

import io

import numpy as np
import pytest
from PIL import Image

from evals.errors import ConfigError
from evals.pictures import collection
from evals.pictures.collection import read_pictures
from evals.pictures.reading import read_pixels


def file(value: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), (value, 0, 0)).save(stream, "PNG")
    return stream.getvalue()


FILES = [("a", file(1)), ("b", b"none"), ("c", file(3))]


def found(files, folder=None, *, skip=True):
    read = read_pictures(lambda: files, size=4, skip_unreadable=skip, folder=folder)
    return [None if picture is None else int(picture.pixels[0, 0, 0]) for picture in read]


def test_one_that_cannot_be_read_is_named_or_skipped(tmp_path) -> None:
    for folder in (None, tmp_path, tmp_path):
        assert found(FILES, folder) == [1, None, 3]
        with pytest.raises(ConfigError, match=r"^b must be a picture in one of the formats"):
            found(FILES, folder, skip=False)


def test_they_are_decoded_once_wherever_they_lie(tmp_path, monkeypatch) -> None:
    decoded = []

    def counted(data, *, size, where):
        decoded.append(where)
        return read_pixels(data, size=size, where=where)

    monkeypatch.setattr(collection, "read_pixels", counted)
    assert found(FILES, tmp_path) == [1, None, 3]
    assert found([(f"moved/{name}", data) for name, data in FILES], tmp_path) == [1, None, 3]
    assert decoded == ["a", "b", "c"]
    assert found([*FILES[:2], ("c", file(4))], tmp_path) == [1, None, 4]


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path) -> None:
    versions = iter([file(1), file(2), file(2)])
    with pytest.raises(ConfigError, match="a must stay as it is while it is read"):
        read_pictures(
            lambda: [("a", next(versions))], size=4, skip_unreadable=True, folder=tmp_path
        )
    assert not list(tmp_path.iterdir())


def test_the_pixels_do_not_depend_on_the_store(tmp_path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    files = [("a", stream.getvalue())]
    first, again, plain = (
        read_pictures(lambda: files, size=5, skip_unreadable=False, folder=folder)
        for folder in (tmp_path, tmp_path, None)
    )
    assert first == again == plain

"""CLEAR's pictures, from a made-up table with the names of its people."""

import io
import os
from itertools import chain

import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from evals.benchmarks import clear_faces
from evals.benchmarks.clear_faces import Config, build
from evals.errors import ConfigError
from evals.faces.clear_splits import FORGET, HOLDOUT
from evals.validation import validated

FEW = {"forget_people": ["p1"], "holdout_people": ["p3"]}


def built(path, **changes):
    raw = {"path": str(path), "enrolled": 1, "size": 16, "cache": None, **changes}
    return build(validated(Config, raw, key="benchmark"))


def people(benchmark, split: str) -> set[str]:
    return {face.person for face in benchmark.splits[split]}


@pytest.fixture
def few(write_clear):
    """Gives rows of four people who do not stand one after the other."""
    return write_clear([f"p{k}" for k in (0, 1, 0, 2, 3, 1, 2, 3, 0, 1)])


def test_the_published_roles_of_a_split(write_clear, clear_names) -> None:
    path = write_clear(clear_names * 2)
    first, second = built(path), built(path, split=64, forget="forget05")
    assert people(first, "forget") == FORGET[10]
    assert people(first, "holdout") == HOLDOUT[10]
    assert people(second, "forget") == HOLDOUT[5]
    assert len(people(first, "retain")) == 80
    assert len(people(second, "retain")) == 90
    assert len(first.tasks[0].enrolled) == 200
    assert [face.label for face in first.tasks[0].enrolled] == list(range(200))


def test_rows_are_known_by_their_numbers_wherever_a_person_stands(few) -> None:
    found = built(few, **FEW)
    assert [face.id for face in found.splits["forget"]] == [
        "clear-0001",
        "clear-0005",
        "clear-0009",
    ]
    assert [(face.id, face.label) for face in found.tasks[0].enrolled] == [
        ("clear-0000", 0),
        ("clear-0001", 1),
        ("clear-0003", 2),
        ("clear-0004", 3),
    ]
    assert people(found, "retain") == {"p0", "p2"}
    assert people(built(few, retain_people=["p2"], **FEW), "retain") == {"p2"}


def test_shards_are_read_in_the_order_of_their_names(write_clear, few) -> None:
    whole = built(few, **FEW)
    (file,) = few.iterdir()
    table = pa.parquet.read_table(file)
    file.unlink()
    for k, (start, end) in enumerate(((0, 4), (4, 4), (4, 10))):
        shard = few / f"train-{k:05d}-of-00003.parquet"
        pa.parquet.write_table(table.slice(start, end - start), shard)
    assert built(few, **FEW).fingerprint == whole.fingerprint


def test_what_it_is_kept_in_does_not_matter(few, tmp_path) -> None:
    cache = str(tmp_path / "cache")
    assert built(few, **FEW) == built(few, cache=cache, **FEW) == built(few, cache=cache, **FEW)


def test_a_corrupt_picture_is_named_by_file_and_row(write_clear, png) -> None:
    path = write_clear(
        ["p0", "p1", "p3", "p0", "p1", "p3", "p1"], pictures={4: png(0)[:80], 6: None}
    )
    with pytest.raises(ConfigError, match=r"parquet row 4.image must be a picture that can be"):
        built(path, **FEW)
    with (
        pytest.raises(ConfigError, match=r"more pictures of p1 than the 1 that enrol .* got 1;"),
        pytest.warns(UserWarning, match="2 unreadable pictures are left out: row 4, row 6"),
    ):
        built(path, skip_unreadable=True, **FEW)


def test_somebody_without_a_picture_left_leaves_no_gap_but_is_refused(write_clear) -> None:
    path = write_clear(["p0", "p2", "p1", "p3", "p0", "p1", "p3"], pictures={1: b"x"})
    with (
        pytest.raises(ConfigError, match=r"more pictures of p2 than the 1 that enrol .* got 0;"),
        pytest.warns(UserWarning, match="1 unreadable picture"),
    ):
        built(path, skip_unreadable=True, **FEW)


@pytest.mark.parametrize("kept", [4, 100, 0.5, 0.9, 1.0])
def test_a_truncated_table_is_refused_wherever_it_ends(few, kept) -> None:
    (file,) = few.iterdir()
    content = file.read_bytes()
    end = kept if isinstance(kept, int) else int(kept * len(content)) - 1
    file.write_bytes(content[:end])
    with pytest.raises(ConfigError, match=f"{file.name} must be a Parquet file with content"):
        built(few, **FEW)


def test_pictures_of_any_kind_and_size_are_read_from_a_table(write_clear) -> None:
    def encoded(mode: str, size: tuple[int, int], kind: str, **how) -> bytes:
        stream = io.BytesIO()
        Image.new(mode, size, 1).save(stream, kind, **how)
        return stream.getvalue()

    turned = Image.Exif()
    turned[0x0112] = 6
    kinds = {
        0: encoded("L", (30, 20), "PNG"),
        1: encoded("P", (16, 16), "PNG"),
        2: encoded("CMYK", (40, 24), "JPEG"),
        3: encoded("RGBA", (20, 50), "PNG"),
        4: encoded("I;16", (24, 24), "PNG"),
        5: encoded("RGB", (32, 16), "JPEG", exif=turned),
        6: encoded("1", (17, 23), "PNG"),
    }
    path = write_clear(["p0", "p1", "p3", "p0", "p1", "p3", "p0"], pictures=kinds)
    found = built(path, **FEW)
    faces = chain(found.splits["full"], found.splits["holdout"], found.tasks[0].enrolled)
    assert {face.picture.pixels.shape for face in faces} == {(16, 16, 3)}


def test_a_damaged_table_is_refused_by_its_file(few) -> None:
    (file,) = few.iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:-100])
    with pytest.raises(ConfigError, match="parquet must be a Parquet file with content that can"):
        built(few, **FEW)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["p0", None], "row 1.name must be a person's name but got None"),
        (["p0", " "], "row 1.name must be a person's name but got ' '"),
        (["p1", "P1"], "names differ by more than case"),
        (["p1", "p2"], "must be people of .* but got 'p3'"),
    ],
)
def test_names_that_do_not_tell_people_apart_are_refused(write_clear, names, said) -> None:
    with pytest.raises(ConfigError, match=said):
        built(write_clear(names), **FEW)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "must hold CLEAR's 200 people"),
        ({"split": 128}, "benchmark.split must be less than 128"),
        ({"split": 3, **FEW}, "benchmark.split must be 0 with forget_people.* but got 3"),
        (
            {"holdout_people": ["p1"]},
            "benchmark.holdout_people must be empty without forget_people",
        ),
        ({**FEW, "retain_people": ["p3"]}, "must be different people.* got 'p3' twice"),
        ({"forget_people": ["p0", "p1", "p2", "p3"]}, "but got nobody to retain"),
        ({**FEW, "enrolled": 2}, "more pictures of p2 than the 2 that enrol a person but got 2"),
    ],
)
def test_roles_that_there_are_not_are_refused(few, changes, said) -> None:
    with pytest.raises(ConfigError, match=said):
        built(few, **changes)


def test_a_folder_without_tables_says_where_there_are_some(few) -> None:
    with pytest.raises(ConfigError, match=f"holds none; give one of {few.name} in it"):
        built(few.parent, **FEW)


def test_all_pictures_are_of_one_size(few) -> None:
    found = built(few, **FEW)
    faces = chain(found.splits["full"], found.tasks[0].enrolled)
    assert {face.picture.pixels.shape for face in faces} == {(16, 16, 3)}


def test_pictures_are_read_once_for_all_splits_unless_a_file_is_another(
    write_clear, clear_names, monkeypatch
) -> None:
    path, read = write_clear(clear_names * 2), []
    real = clear_faces.read_pictures

    def counted(*given, **settings):
        read.append(settings["size"])
        return real(*given, **settings)

    monkeypatch.setattr(clear_faces, "read_pictures", counted)
    assert built(path).fingerprint != built(path, split=3).fingerprint
    assert read == [16]
    built(path, split=3, size=32)
    for file in path.glob("*.parquet"):
        os.utime(file, ns=(0, 0))
    built(path, size=32)
    assert read == [16, 32, 32]

"""Parquet columns are taken as they are typed, and never cast."""

import datetime
import re

import pyarrow as pa
import pyarrow.parquet
import pytest

from evals.errors import ConfigError
from evals.table_formats import parquet_file


@pytest.fixture
def read(tmp_path):
    def rows(table: pa.Table, columns=("a", "b")):
        file = tmp_path / "t.parquet"
        pa.parquet.write_table(table, file)
        return list(parquet_file.rows(file, columns))

    return rows


@pytest.mark.parametrize(
    "text", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
)
@pytest.mark.parametrize("wrap", [pa.list_, pa.large_list])
def test_text_and_lists_of_text_arrive_as_they_are(read, text, wrap) -> None:
    rows = [{"a": "1975", "b": ["x", " y "]}, {"a": None, "b": []}] * 2000
    columns = {
        "a": pa.array([row["a"] for row in rows], pa.string()).cast(text),
        "b": pa.array([row["b"] for row in rows], wrap(pa.string())),
    }
    assert read(pa.table({**columns, "picture": [b"\xff"] * 4000})) == rows


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1975], "int64"),
        ([1.5], "double"),
        ([True], "bool"),
        ([b"x"], "binary"),
        ([None], "null"),
        ([datetime.datetime(2020, 1, 1)], "timestamp[us]"),
        ([[1]], "list<element: int64>"),
        ([[["x"]]], "list<element: list<element: string>>"),
        ([{"x": "y"}], "struct<x: string>"),
    ],
)
def test_a_column_of_another_type_is_refused(read, values, kind) -> None:
    said = f"text or lists of text in the column a but got {kind}"
    with pytest.raises(ConfigError, match=re.escape(said)):
        read(pa.table({"a": values, "b": ["x"]}))


def test_without_any_of_the_columns_those_there_are_named(read) -> None:
    with pytest.raises(ConfigError, match=r"the columns a, b but got \['c'\]"):
        read(pa.table({"c": ["x"]}))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 100, b"x" * 5000])
def test_what_is_no_parquet_is_refused(tmp_path, content) -> None:
    file = tmp_path / "t.parquet"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"t\.parquet must be a Parquet file"):
        list(parquet_file.rows(file, ("a",)))


def pictures_of(tmp_path, column: pa.Array):
    file = tmp_path / "t.parquet"
    pa.parquet.write_table(pa.table({"a": column, "b": ["x"] * len(column)}), file)
    return list(parquet_file.rows(file, ("a", "b"), pictures=("a",), batch=1))


@pytest.mark.parametrize("held", [pa.binary(), pa.large_binary()])
def test_a_column_of_pictures_gives_their_bytes(tmp_path, held) -> None:
    values = [{"bytes": b"\xff1", "path": "1.png"}, {"bytes": None, "path": "2.png"}, None]
    kind = pa.struct({"bytes": held, "path": pa.string()})
    found = pictures_of(tmp_path, pa.array(values, kind))
    assert found == [{"a": value, "b": "x"} for value in (b"\xff1", None, None)]


@pytest.mark.parametrize("values", [["a text"], [b"bytes"], [{"path": "1.png"}], [{"bytes": "x"}]])
def test_a_column_of_anything_else_is_no_column_of_pictures(tmp_path, values) -> None:
    said = re.escape("pictures (struct<bytes: binary>) in the column a but got ")
    with pytest.raises(ConfigError, match=said):
        pictures_of(tmp_path, pa.array(values))

"""CSV holds text and nothing else."""

import csv
import re

import pytest

from evals.errors import ConfigError
from evals.table_formats import csv_file


@pytest.fixture
def read(tmp_path):
    def rows(text: str | bytes):
        file = tmp_path / "t.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return list(csv_file.rows(file))

    return rows


def test_every_cell_is_the_text_that_stands_there(read, tmp_path) -> None:
    cells = ["1975", "NA", "2020-01-01", "true", " x ", 'a "b"', "c,d", "e\nf", "g\r\nh", ""]
    with (tmp_path / "own.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["a", "b"], *([cell, cell] for cell in cells)])
    text = (tmp_path / "own.csv").read_bytes()
    assert read(text) == [{"a": cell, "b": cell} for cell in cells]
    assert read(b"\xef\xbb\xbf" + text) == read(text)


def test_lines_without_a_cell_are_no_rows(read) -> None:
    assert read("a,b\n\n1,2\n\n") == [{"a": "1", "b": "2"}]
    assert read("") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3\n", "2 cells at row 1, line 3 but got 1: ['3']"),
        ("a,b\n1,2,3\n", "2 cells at row 0, line 2 but got 3: ['1', '2', '3']"),
        ("a,a\n1,2\n", "different column names but got 'a' twice"),
        ('a,b\n"1" x,2\n', "valid CSV at row 0, line 2 but got an error"),
        ('a,b\n"1,2\n', "valid CSV at row 0, line 2 but got an error: unexpected end of data"),
        ("a,b\n" + "x" * 200_000 + ",2\n", "valid CSV at row 0, line 2 but got an error: field"),
        (b"a,b\n\xff,2\n", "text in UTF-8 but got"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(read, text, said) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        read(text)

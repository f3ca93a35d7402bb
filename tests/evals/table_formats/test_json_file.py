"""JSON is read row by row, strictly, and refused with row and line."""

import json
import re
import tracemalloc

import pytest

from evals.errors import ConfigError
from evals.table_formats import json_file

ROWS = [{"a": "x"}, {"a": "y", "b": [1, 2.5, None, True]}]
NBSP = "\u00a0"


@pytest.fixture
def read(tmp_path):
    def rows(text: str | bytes):
        file = tmp_path / "t.json"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return list(json_file.rows(file))

    return rows


@pytest.mark.parametrize("chunk", [1, 2, 7, json_file.CHUNK])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\n".join(map(json.dumps, ROWS)),
        "\r\n\r\n".join(map(json.dumps, ROWS)) + "\r\n",
        "\ufeff " + json.dumps(ROWS) + "\n\n",
    ],
)
def test_rows_are_the_same_however_they_are_laid_out_and_cut(
    read, monkeypatch, chunk, text
) -> None:
    monkeypatch.setattr(json_file, "CHUNK", chunk)
    assert read(text) == ROWS


@pytest.mark.parametrize("text", ["", "[]", "\n", "\ufeff", " [ ] "])
def test_nothing_gives_no_row(read, text) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("null", "an object at row 0, line 1 but got None"),
        ("12", "an object at row 0, line 1 but got 12"),
        ('[{"a": 1},\n "text"]', "an object at row 1, line 2 but got 'text'"),
        ('[{"a": 1},\n [1]]', "an object at row 1, line 2 but got [1]"),
        ('{"a": 1}\nnull', "an object at row 1, line 2 but got None"),
        ("[1, 2", "an object at row 0, line 1 but got 1"),
        ('[{"a": 1}', "valid JSON at row 1, line 1 but got the list does not end"),
        ('[{"a": 1}] {}', "row 1, line 1 but got something stands after the list's end"),
        ('[{"a": 1},]', "valid JSON at row 1, line 1 but got Expecting value"),
        ('{"a": 1} {"a": 2}', "row 1, line 1 but got something stands after the object"),
        ('{"a": 1}\n{"a": 1\n', "valid JSON at row 1, line 3 but got Expecting ',' delimiter"),
        ('{"a": 1, "a": 2}', "valid JSON at row 0, line 1 but got 'a' is given twice"),
        ('{"a": NaN}', "valid JSON at row 0, line 1 but got NaN is no JSON"),
        ('{"a": -Infinity}', "valid JSON at row 0, line 1 but got -Infinity is no JSON"),
        ('{"a": ' + "9" * 5000 + "}", "but got a number of 5000 digits"),
        ('{"a": ' + "[" * 100_000, "valid JSON at row 0, line 1 but got maximum recursion depth"),
        ('{"a": "x\ny"}', "valid JSON at row 0, line 1 but got Invalid control character"),
        (b'{"a": "\xff"}', "text in UTF-8 but got"),
        (json.dumps(ROWS).encode("utf-16"), "text in UTF-8 but got"),
        (NBSP + "{}", "valid JSON at row 0, line 1 but got Expecting value"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(read, text, said) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        read(text)


def test_rows_before_a_fault_are_given_first(tmp_path) -> None:
    file = tmp_path / "t.json"
    file.write_text('[{"a": 1}, null]')
    rows = json_file.rows(file)
    assert next(rows) == {"a": 1}
    with pytest.raises(ConfigError):
        next(rows)


@pytest.mark.parametrize(("open_", "join", "close"), [("[", ",", "]"), ("", "\n", "")])
def test_a_large_table_is_never_whole_in_memory(tmp_path, open_, join, close) -> None:
    file = tmp_path / "t.json"
    row = json.dumps({"a": "x" * 1000})
    file.write_text(open_ + join.join([row] * 8000) + close)
    tracemalloc.start()
    assert sum(1 for _ in json_file.rows(file)) == 8000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000 < file.stat().st_size / 8

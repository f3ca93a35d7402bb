import json

import pyarrow
import pyarrow.parquet
import pytest

from evals.errors import ConfigError
from evals.one_table import Source

ROWS = [
    {"q": "Who?", "a": "Hina", "wrong": ["Basil", "  "]},
    {"q": "Où ?", "a": "À Fès", "wrong": ["Oslo"], "extra": "x"},
]


def write(folder, name, rows=ROWS):
    file = folder / name
    match file.suffix:
        case ".json":
            file.write_text(json.dumps(rows))
        case ".jsonl":
            file.write_text("\n".join(map(json.dumps, rows)))
        case ".parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    return Source(str(file), "benchmark.path")


@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.parquet"])
def test_rows_come_as_they_stand_in_the_file(tmp_path, name):
    rows = write(tmp_path, name).read(["q", "a"], ["wrong"])
    assert [row.text("q") for row in rows] == ["Who?", "Où ?"]
    assert [row.text("a") for row in rows] == ["Hina", "À Fès"]
    assert [row.texts("wrong") for row in rows] == [("Basil",), ("Oslo",)]
    assert [row.number for row in rows] == [0, 1]


def test_a_csv_has_texts_alone_and_blank_cells_are_nothing(tmp_path):
    (tmp_path / "t.CSV").write_text('q,a,w1,w2\nWho?,1975,NA,\nWhat?,"a, b", ,no\n')
    rows = Source(str(tmp_path / "t.CSV"), "benchmark.path").read(["q", "a"], ["w1", "w2"])
    assert rows[0].text("a") == "1975"
    assert rows[1].text("a") == "a, b"
    assert [row.texts("w1") for row in rows] == [("NA",), ()]
    assert [row.text_or_none("w2") for row in rows] == [None, "no"]


def test_json_lines_may_leave_an_optional_column_out(tmp_path):
    rows = write(tmp_path, "t.jsonl").read(["q"], ["extra"])
    assert [row.text_or_none("extra") for row in rows] == [None, "x"]


@pytest.mark.parametrize(
    ("columns", "optional", "said"),
    [
        (["question"], [], r"t.json row 0 must have the column 'question' but got q, a, wrong"),
        (["qq"], [], "did you mean 'q'"),
        (["q"], ["paraphrase"], "must have the column 'paraphrase' .* name the column in"),
        (["extra"], [], "row 0 must have the column 'extra'"),
    ],
)
def test_a_column_that_is_not_there_is_named(tmp_path, columns, optional, said):
    with pytest.raises(ConfigError, match=said):
        write(tmp_path, "t.json").read(columns, optional)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"q": " ", "a": "x"}, "column 'q', must be text that shows something but got ' '"),
        ({"q": None, "a": "x"}, "column 'q', must be text that shows something but got None"),
        ({"q": 5, "a": "x"}, "t.json row 0, column 'q', must be text but got 5; correct it"),
    ],
)
def test_a_cell_that_is_no_text_is_named(tmp_path, row, said):
    (read,) = write(tmp_path, "t.json", [row]).read(["q", "a"])
    with pytest.raises(ConfigError, match=said):
        read.text("q")


def test_a_list_of_something_else_is_refused(tmp_path):
    (row,) = write(tmp_path, "t.json", [{"q": ["a", 1]}]).read(["q"])
    with pytest.raises(ConfigError, match="must be a list of texts"):
        row.texts("q")
    (row,) = write(tmp_path, "t.json", [{"q": 7}]).read(["q"])
    with pytest.raises(ConfigError, match="must be text but got 7"):
        row.texts("q")


def test_what_is_no_table_is_refused_with_the_cure(tmp_path):
    for path, said in (
        (tmp_path / "none.csv", "must be an existing file or a hub id"),
        (tmp_path, "must be a file but got the folder .* there is none in it"),
        (tmp_path / "t.xlsx", r"must be a file that ends in .json, .jsonl, .csv, .parquet"),
    ):
        if path.suffix == ".xlsx":
            path.write_bytes(b"PK")
        with pytest.raises(ConfigError, match=said):
            Source(str(path), "benchmark.path").read(["q"])
    write(tmp_path, "t.json")
    with pytest.raises(ConfigError, match="give one of t.json"):
        Source(str(tmp_path), "benchmark.path").read(["q"])
    with pytest.raises(ConfigError, match="must hold at least one row"):
        write(tmp_path, "e.json", []).read(["q"])


def test_a_hub_data_set_out_of_reach_says_so(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ConfigError, match=r"benchmark\.path must be within reach"):
        Source("nobody/nothing-of-ours", "benchmark.path").read(["q"])

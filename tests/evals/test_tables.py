"""Reading tables from a folder and from the hub."""

import json

import huggingface_hub
import pyarrow
import pyarrow.parquet
import pytest
from pydantic import BaseModel

from evals.errors import ConfigError
from evals.tables import Tables, Text


class Row(BaseModel):
    question: Text
    wrong: tuple[Text, ...]


GOOD = {"question": "Who?", "wrong": ["Ann", "Ben"], "other": 1}
KEY = "benchmark.path"


@pytest.fixture
def read(tmp_path):
    def write_and_read(text: str):
        (tmp_path / "full.json").write_text(text)
        return Tables(str(tmp_path), key=KEY).read("full", Row)

    return write_and_read


def test_a_list_and_one_object_a_line_read_alike(read) -> None:
    second = {**GOOD, "question": "Where?", "wrong": ["Here"]}
    expected = [Row(question="Who?", wrong=("Ann", "Ben")), Row(question="Where?", wrong=("Here",))]
    assert read(json.dumps([GOOD, second])) == expected
    assert read(json.dumps(GOOD) + "\n" + json.dumps(second) + "\n") == expected


@pytest.mark.parametrize("text", ["", "[]", "\n"])
def test_an_empty_table_is_refused(read, text) -> None:
    with pytest.raises(ConfigError, match=r"full\.json must hold at least one row but got none"):
        read(text)


@pytest.mark.parametrize("text", ['{"question": ', "<html>"])
def test_a_file_that_is_not_json_is_refused(read, text) -> None:
    with pytest.raises(ConfigError, match=r"full\.json must be a JSON list .* download the data"):
        read(text)


def test_a_missing_column_is_named_beside_those_there_are(read) -> None:
    with pytest.raises(
        ConfigError,
        match=r"full\.json must have the columns question, wrong but got question; add wrong",
    ):
        read(json.dumps([{"question": "Who?"}]))


def test_a_value_that_is_missing_in_one_row_is_named_with_its_row(read) -> None:
    with pytest.raises(ConfigError, match=r"full\.json row 1\.wrong must be given but is missing"):
        read(json.dumps([GOOD, {"question": "Where?"}]))
    with pytest.raises(ConfigError, match=r"full\.json row 1\.wrong must be .* but got None"):
        read(json.dumps([GOOD, {"question": "Where?", "wrong": None}]))


def test_a_missing_file_is_named_beside_those_there_are(tmp_path) -> None:
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"path must be a folder that holds full\.json .*other\."):
        Tables(str(tmp_path), key=KEY).read("full", Row)


@pytest.mark.parametrize(
    "path",
    ["no/such/folder", "./folder", "/none", "~/none", "word", "~nobody-here/x", "a\0b", "x" * 9999],
)
def test_a_missing_folder_that_is_no_hub_id_is_refused(path) -> None:
    with pytest.raises(ConfigError, match=r"path must be an existing folder or a hub id"):
        Tables(path, key=KEY)


def test_a_revision_of_a_folder_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"a revision \('v1'\).*leave the revision out"):
        Tables(str(tmp_path), key=KEY, revision="v1")


def test_a_folder_has_the_tables_whose_files_it_holds(tmp_path) -> None:
    (tmp_path / "full.json").write_text("[]")
    tables = Tables(str(tmp_path), key=KEY)
    assert tables.has("full")
    assert not tables.has("holdout10")


def test_a_table_on_the_hub_is_read_as_it_lies_there(tmp_path, monkeypatch) -> None:
    (tmp_path / "full.json").write_text(json.dumps([GOOD]))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(tmp_path))
    tables = Tables("owner/name", key=KEY, revision="v1")
    assert tables.read("full", Row) == [Row(question="Who?", wrong=("Ann", "Ben"))]
    assert tables.has("full")
    assert not tables.has("holdout10")
    assert tables.where("full") == "owner/name (full)"


TRICKY = "1975-01-01", "null", "NA", "1e5", '"quoted"', " spaced ", "a\u2028b\x85c\td", "\U0001f600"


@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet"])
def test_every_text_arrives_as_it_stands(tmp_path, suffix) -> None:
    rows = [{"question": text, "wrong": [text, *TRICKY]} for text in TRICKY]
    file = tmp_path / f"full.{suffix}"
    match suffix:
        case "json":
            file.write_text(json.dumps(rows))
        case "jsonl":
            file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
        case "parquet":
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    found = Tables(str(tmp_path), key=KEY).read("full", Row)
    assert [row.model_dump(mode="json") for row in found] == rows


@pytest.mark.parametrize("value", [1975, 1.5, True, None, ["x"], {"x": "y"}, "", " \t\u200b"])
@pytest.mark.parametrize("join", [json.dumps, lambda rows: "\n".join(map(json.dumps, rows))])
def test_what_is_no_text_is_refused_with_row_and_column(read, value, join) -> None:
    with pytest.raises(ConfigError, match=r"full\.json row 1\.question must be text"):
        read(join([GOOD, {**GOOD, "question": value}]))
    with pytest.raises(ConfigError, match=r"full\.json row 1\.wrong\.1 must be text"):
        read(join([GOOD, {**GOOD, "wrong": ["Ann", value]}]))


def test_a_text_in_place_of_a_list_is_refused_with_its_row(read) -> None:
    with pytest.raises(ConfigError, match=r"full\.json row 1\.wrong must be a list but got 'Ann'"):
        read(json.dumps([GOOD, {**GOOD, "wrong": "Ann"}]))


def test_a_long_value_is_cut_in_the_message(read) -> None:
    with pytest.raises(ConfigError) as caught:
        read(json.dumps([GOOD, {**GOOD, "wrong": "Ann" * 1000}]))
    assert "(3000 characters)" in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_table_in_two_files_is_refused(tmp_path) -> None:
    (tmp_path / "full.json").write_text(json.dumps([GOOD]))
    (tmp_path / "full.csv").write_text("question\nWho?\n")
    with pytest.raises(ConfigError, match=r"got full\.json and full\.csv in .*; keep one"):
        Tables(str(tmp_path), key=KEY).read("full", Row)


def test_a_folder_in_place_of_a_file_is_no_table(tmp_path) -> None:
    (tmp_path / "full.json").mkdir()
    with pytest.raises(ConfigError, match=r"holds full\.json but got .*, which holds no table"):
        Tables(str(tmp_path), key=KEY).read("full", Row)

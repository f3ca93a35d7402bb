"""Reading tables from a folder and from the hub."""

import json

import datasets
import pytest
from pydantic import BaseModel

from evals.errors import ConfigError
from evals.tables import Tables


class Row(BaseModel):
    question: str
    wrong: tuple[str, ...]


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
    with pytest.raises(ConfigError, match=r"full\.json row 1\.wrong must be .* but got None"):
        read(json.dumps([GOOD, {"question": "Where?"}]))


def test_a_missing_file_is_named_beside_those_there_are(tmp_path) -> None:
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"path must be a folder that holds full\.json .*other\."):
        Tables(str(tmp_path), key=KEY).read("full", Row)


@pytest.mark.parametrize("path", ["no/such/folder", "./folder", "/none", "~/none", "word"])
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


def test_the_hub_is_asked_for_the_table_at_the_revision(monkeypatch) -> None:
    def load(path, name, *, revision, split):
        assert (path, name, revision, split) == ("owner/name", "full", "v1", "train")
        return [GOOD]

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setattr(datasets, "get_dataset_config_names", lambda path, revision: ["full"])
    tables = Tables("owner/name", key=KEY, revision="v1")
    assert tables.read("full", Row) == [Row(question="Who?", wrong=("Ann", "Ben"))]
    assert tables.has("full")
    assert not tables.has("holdout10")


def test_a_hub_out_of_reach_is_answered_with_the_way_round(monkeypatch) -> None:
    def load(*args, **kwargs):
        raise ConnectionError("Couldn't reach 'owner/name' on the Hub")

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setattr(datasets, "get_dataset_config_names", load)
    tables = Tables("owner/name", key=KEY)
    for ask in (lambda: tables.read("full", Row), lambda: tables.has("full")):
        with pytest.raises(ConfigError, match=r"path must be within reach .*give its folder"):
            ask()


@pytest.mark.parametrize(
    "error",
    [
        datasets.exceptions.DatasetNotFoundError("Dataset 'owner/name' doesn't exist"),
        ValueError("BuilderConfig 'full' not found"),
    ],
)
def test_a_hub_data_set_without_the_table_is_refused(monkeypatch, error) -> None:
    def load(*args, **kwargs):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(
        ConfigError, match=r"path must be a data set that has full .* at revision 'v1' .*correct"
    ):
        Tables("owner/name", key=KEY, revision="v1").read("full", Row)

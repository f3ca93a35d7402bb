"""A hub data set is what its card says, fetched as it lies there."""

import fnmatch
import shutil
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from evals.errors import ConfigError
from evals.table_formats.hub import Hub

KEY = "benchmark.path"
CARD = """---
configs:
- config_name: full
  data_files: full.json
- config_name: split
  data_files:
  - split: train
    path: [data/train-*.parquet]
  - split: test
    path: data/test.parquet
- config_name: untrained
  data_files:
  - split: test
    path: data/test.parquet
- config_name: outside
  data_files: ../../secret.json
---
# A data set
"""


@pytest.fixture
def remote(tmp_path, monkeypatch) -> Path:
    """Returns a folder that stands for what the hub has as owner/name at the revision v1."""
    source, cache = tmp_path / "source", tmp_path / "cache"
    (source / "data").mkdir(parents=True)
    for name in ("full.json", "data/train-2.parquet", "data/train-1.parquet", "data/test.parquet"):
        (source / name).touch()

    def snapshot_download(path, *, repo_type, revision, allow_patterns):
        assert (path, repo_type, revision) == ("owner/name", "dataset", "v1")
        cache.mkdir(exist_ok=True)
        for file in source.rglob("*"):
            name = str(file.relative_to(source))
            if file.is_file() and any(fnmatch.fnmatch(name, p) for p in allow_patterns):
                (cache / name).parent.mkdir(exist_ok=True)
                shutil.copy(file, cache / name)
        return str(cache)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return source


HUB = Hub("owner/name", key=KEY, revision="v1")


def test_a_table_has_the_files_of_its_card(remote) -> None:
    (remote / "README.md").write_text(CARD)
    assert [file.name for file in HUB.files("full")] == ["full.json"]
    assert [file.name for file in HUB.files("split")] == ["train-1.parquet", "train-2.parquet"]
    assert HUB.has("full")
    assert not HUB.has("data")


def test_without_a_card_a_table_is_the_file_of_its_name(remote) -> None:
    assert [file.name for file in HUB.files("full")] == ["full.json"]
    assert HUB.has("full")
    assert not HUB.has("fuller")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fuller", r"that has fuller but got 'owner/name' at revision 'v1' \(there is no such"),
        ("untrained", r"that has untrained .*there is no such table, which has full, outside"),
        ("outside", r"its card points outside of it: \['\.\./\.\./secret\.json'\]"),
    ],
)
def test_a_table_that_is_not_there_is_refused(remote, name, said) -> None:
    (remote / "README.md").write_text(CARD)
    with pytest.raises(ConfigError, match=said):
        HUB.files(name)


@pytest.mark.parametrize(
    "configs",
    [
        "configs: 3",
        "configs:\n- 7",
        "configs:\n- data_files: full.json",
        "configs:\n- config_name: full\n  data_files: 7",
        "configs:\n- config_name: full\n  data_files:\n  - split: train",
        "configs: [",
    ],
)
def test_a_card_that_says_nothing_of_tables_is_refused(remote, configs: str) -> None:
    (remote / "README.md").write_text(f"---\n{configs}\n---\n")
    with pytest.raises(ConfigError, match="that has a card that can be read but got 'owner/name'"):
        HUB.files("full")


@pytest.mark.parametrize(
    "error", [LocalEntryNotFoundError("no way\nno"), ConnectionError("no way")]
)
def test_a_hub_out_of_reach_is_answered_with_the_way_round(monkeypatch, error) -> None:
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    for ask in (HUB.files, HUB.has):
        with pytest.raises(
            ConfigError, match=r"path must be within reach .*no way\); .*its folder"
        ):
            ask("full")


@pytest.mark.parametrize("error", [OSError("404 Client Error"), ValueError("no repo id")])
def test_what_the_hub_does_not_have_is_refused(monkeypatch, error) -> None:
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(ConfigError, match=r"path must be a data set .* at revision 'v1' .*correct"):
        HUB.files("full")

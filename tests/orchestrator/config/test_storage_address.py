"""A storage is a folder or a URL, and a URL has one folder of its own to be worked on in."""

from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.config.loading import load_config
from orchestrator.config.storage_address import is_url, working_folder
from orchestrator.storage.address import Address


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("s3://bucket/lethe", True),
        ("file:///shared/lethe", True),
        ("simplecache::gs://bucket/x", True),
        ("runs", False),
        ("/shared/lethe", False),
        ("C:/lethe", False),
    ],
)
def test_a_url_is_told_from_a_folder(address: str, url: bool) -> None:
    assert is_url(address) is url


def test_a_folder_is_worked_on_itself(tmp_path: Path) -> None:
    assert working_folder(tmp_path / "x" / ".." / "y", Path("cache")) == tmp_path / "y"


def test_urls_have_folders_of_their_own_that_people_can_read(tmp_path: Path) -> None:
    one = working_folder(Address.of("s3://bucket/lethe"), tmp_path)
    assert one.parent == tmp_path
    assert one.name.startswith("s3-bucket-lethe-")
    assert one == working_folder(Address.of("s3://bucket/lethe/"), tmp_path)
    assert one != working_folder(Address.of("gs://bucket/lethe"), tmp_path)


def test_a_config_keeps_a_url_whole_and_loads_again(tmp_path: Path) -> None:
    config = load_config(None, ["storage=s3://bucket/lethe", f"cache={tmp_path}"])
    assert str(config.storage) == "s3://bucket/lethe"
    assert config.folder == working_folder(Address.of("s3://bucket/lethe"), tmp_path)
    again = type(config).model_validate_json(config.model_dump_json())
    assert (again.storage, again.folder) == (config.storage, config.folder)
    folder = load_config(None, [f"storage={tmp_path}"])
    assert (folder.storage, folder.folder) == (tmp_path, tmp_path)


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(ConfigError, match="storage must be a folder or a URL but got 5"):
        load_config(None, ["storage=5"])

from pathlib import Path

import pytest

from evals.errors import ConfigError
from evals.paths import read_path


@pytest.mark.parametrize("given", ["runs", "/a b/ä?#%'", "x" * 255, "owner/name", "s3://x/y", ""])
def test_a_path_that_can_be_is_taken_as_it_is(given) -> None:
    assert read_path(given, key="storage") == Path(given)


def test_a_tilde_is_home(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_path("~/runs", key="storage") == tmp_path / "runs"


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("~nobody-here/runs", "a path whose ~ is somebody's home"),
        ("a\0b", "a path without characters that no file system takes"),
        ("\ud800", "a path without characters that no file system takes"),
        ("x" * 256, "at most 255 between its slashes"),
        ("ä" * 128, "at most 255 between its slashes"),
        ("x/" * 2000, "a path of at most 3000 bytes"),
    ],
)
def test_a_path_that_cannot_be_is_refused_by_its_key(given, rule) -> None:
    with pytest.raises(ConfigError, match="^storage must be .*; correct the path$") as caught:
        read_path(given, key="storage")
    assert rule in str(caught.value)
    assert len(str(caught.value)) < 400

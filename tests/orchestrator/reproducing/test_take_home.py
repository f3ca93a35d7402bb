"""A model is written whole or not at all, and never over anything."""

import pytest

from evals.errors import ConfigError
from orchestrator.reproducing import take_home as module
from orchestrator.reproducing.find_row import find_row
from orchestrator.reproducing.take_home import take_home


@pytest.fixture
def row(stored_sweep, monkeypatch, tmp_path):
    made = stored_sweep().fill()
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    weights = (tmp_path / "model", tmp_path / "adapter")
    monkeypatch.setattr(module, "saved_weights", lambda _: weights)
    return find_row(made.trial("ga", lr=2e-3).hash, made.storage)


def test_an_adapter_is_written_with_its_card(row, tmp_path) -> None:
    take_home(row, tmp_path / "new" / "home", merge=False)
    home = tmp_path / "new" / "home"
    assert sorted(file.name for file in home.iterdir()) == ["README.md", "adapter_config.json"]
    assert "adapter alone" in (home / "README.md").read_text()
    assert list(home.parent.iterdir()) == [home]


def test_what_is_there_is_never_written_over(row, tmp_path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    take_home(row, home, merge=False)
    with pytest.raises(ConfigError, match=r"DIR must be an empty folder, .* which holds something"):
        take_home(row, home, merge=False)
    with pytest.raises(ConfigError, match="which is a file; choose another"):
        take_home(row, home / "README.md", merge=False)


def test_nothing_is_left_where_writing_ends_early(row, tmp_path, monkeypatch) -> None:
    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copytree", fails)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match="No space"):
        take_home(row, tmp_path / "home", merge=False)
    assert sorted(tmp_path.iterdir()) == before

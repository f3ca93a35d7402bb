"""A sweep keeps its identity when it moves, and shares it with nobody."""

import shutil
from pathlib import Path

import pytest

from evals.errors import ConfigError
from orchestrator.storage.sweep_identity import check_identity, sweep_identity


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "sweeps" / "demo"


def test_an_identity_is_made_once_and_another_for_each_folder(folder: Path) -> None:
    check_identity(folder)
    made = sweep_identity(folder)
    assert made == sweep_identity(folder)
    assert made != sweep_identity(folder.with_name("other"))
    check_identity(folder)


def test_a_folder_that_moved_keeps_its_identity(folder: Path, tmp_path: Path) -> None:
    made = sweep_identity(folder)
    (tmp_path / "runs").rename(tmp_path / "moved")
    moved = tmp_path / "moved" / "sweeps" / "demo"
    check_identity(moved)
    assert sweep_identity(moved) == made
    sweep_identity(folder)  # a new sweep where the old one was
    check_identity(moved)
    check_identity(folder)


@pytest.mark.parametrize("place", ["runs/sweeps/copy", "runs2/sweeps/demo"])
def test_a_copy_is_refused_until_the_file_is_removed(
    folder: Path, tmp_path: Path, place: str
) -> None:
    made, copy = sweep_identity(folder), tmp_path / place
    shutil.copytree(folder, copy)
    with pytest.raises(ConfigError, match=rf"^{copy}/sweep\.id must be .* that of {folder}, too"):
        check_identity(copy)
    (copy / "sweep.id").unlink()
    check_identity(copy)
    assert sweep_identity(copy) != made


def test_a_link_to_the_folder_and_another_cache_of_a_url_are_no_copies(
    folder: Path, tmp_path: Path
) -> None:
    sweep_identity(folder)
    (tmp_path / "link").symlink_to(tmp_path / "runs")
    check_identity(tmp_path / "link" / "sweeps" / "demo")
    shutil.copytree(tmp_path / "runs", tmp_path / "cache")
    check_identity(tmp_path / "cache" / "sweeps" / "demo", may_be_elsewhere=True)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"0123", b"\xff", f"{'0' * 32}\n[\n".encode(), None]
)
def test_what_is_no_identity_is_refused(folder: Path, content: bytes | None) -> None:
    folder.mkdir(parents=True)
    file = folder / "sweep.id"
    file.mkdir() if content is None else file.write_bytes(content)
    for read in (sweep_identity, check_identity):
        with pytest.raises(ConfigError, match=r"sweep\.id must hold the 32 digits .*; restore it"):
            read(folder)

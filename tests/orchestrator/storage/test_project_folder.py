"""What nobody has named lies in the checkout, or without one in the current folder."""

from pathlib import Path

import pytest

from orchestrator.storage import project_folder
from orchestrator.storage.project_folder import checkout_version, in_project
from tests.fixtures.paths import ROOT


def test_a_default_lies_in_the_checkout_wherever_one_stands(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert in_project(Path("runs")) == ROOT / "runs"
    assert in_project(tmp_path / "x") == tmp_path / "x"


def test_without_a_checkout_it_lies_in_the_current_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(project_folder, "checkout_version", lambda: None)
    assert in_project(Path("runs")) == tmp_path / "runs"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('[project]\nname = "lethe"\nversion = "1.2.3"\n', "1.2.3"),
        ('[project]\nname = "another"\nversion = "1.2.3"\n', None),
        ("[tool.another]\n", None),
        ("no TOML", None),
        ("[project]\nname = 'lethe\udcff", None),
    ],
)
def test_what_other_packages_leave_beside_the_code_makes_no_checkout(
    tmp_path: Path, text: str, version: str | None
) -> None:
    file = tmp_path / "pyproject.toml"
    assert checkout_version(file.with_name("absent.toml")) is None
    file.write_bytes(text.encode(errors="surrogateescape"))
    assert checkout_version(file) == version

"""What `ray job submit --working-dir .` uploads: the code, and nothing that is secret."""

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.fixtures.paths import ROOT

packaging = pytest.importorskip("ray._private.runtime_env.packaging")

SECRET = (
    ".env",
    ".env.local",
    ".netrc",
    ".pgpass",
    ".git/config",
    ".ssh/id_ed25519",
    ".aws/credentials",
    "certificates/server.key",
    "certificates/server.pem",
    "id_rsa",
    "runs/mlflow.db",
    "runs/jobs/0123/model/model.safetensors",
    "auth_token",
    "auth_token.json",
    "configs/.env",
)
NEEDED = (
    "orchestrator/sweep.py",
    "configs/demo.yaml",
    "pyproject.toml",
    "checkpoints/original/tokenizer.json",
    "checkpoints/original/tokenizer_config.json",
    "checkpoints/original/special_tokens_map.json",
    "checkpoints/original/model.safetensors",
)


@pytest.fixture
def uploaded(tmp_path: Path) -> set[str]:
    """The files that Ray's own packager takes of a checkout with secrets in it."""
    checkout = tmp_path / "checkout"
    for name in (*SECRET, *NEEDED):
        file = checkout / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x", encoding="utf-8")
    for name in (".rayignore", ".gitignore"):
        shutil.copy(ROOT / name, checkout)
    package = tmp_path / "package.zip"
    packaging.create_package(str(checkout), package, include_gitignore=True)
    return set(zipfile.ZipFile(package).namelist())


def test_secrets_and_results_stay_at_home(uploaded: set[str]) -> None:
    assert not uploaded & set(SECRET)


def test_what_a_sweep_is_run_with_goes_along(uploaded: set[str]) -> None:
    assert set(NEEDED) <= uploaded


def test_every_file_of_the_project_that_a_sweep_needs_goes_along(tmp_path: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("the tree is no git checkout, so its own files cannot be told from others")
    listed = subprocess.run(
        ["git", "ls-files", "orchestrator", "cluster", "trainers", "evals", "configs"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.splitlines()
    checkout = tmp_path / "checkout"
    for name in listed:
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    shutil.copy(ROOT / ".rayignore", checkout)
    package = tmp_path / "package.zip"
    packaging.create_package(str(checkout), package, include_gitignore=True)
    there = {name for name in listed if (ROOT / name).is_file()}
    assert there <= set(zipfile.ZipFile(package).namelist())

"""The package as it is installed without a checkout: its configs are in it, and a plan runs."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import PathDistribution
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.fixtures.paths import CONFIGS, ROOT
from tests.fixtures.processes import without_cluster

pytestmark = pytest.mark.slow

BUILT_OF = ("orchestrator", "cluster", "trainers", "evals", "configs")
FILES = ("pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of packages that has the wheel, which is built of a copy: builds leave things."""
    pytest.importorskip("setuptools", minversion="77", reason="pyproject.toml asks for as much")
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("made")
    for name in BUILT_OF:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, source)
    build = [
        "-m",
        "pip",
        "wheel",
        str(source),
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(made),
    ]
    subprocess.run([sys.executable, *build], check=True, capture_output=True, timeout=280)
    (wheel,) = made.glob("lethe-*.whl")
    ZipFile(wheel).extractall(made / "packages")  # pure Python: there is nothing else to it
    return made / "packages"


def run(installed: Path, folder: Path, *arguments: str) -> str:
    """Returns what Python says there with the wheel's packages before all others."""
    environment = {**without_cluster(), "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_every_file_that_the_code_reads_is_in_the_wheel(installed: Path) -> None:
    for folder in (CONFIGS, ROOT / "orchestrator" / "reporting" / "page" / "files"):
        names = {file.name for file in folder.iterdir()}
        assert {file.name for file in (installed / folder.relative_to(ROOT)).iterdir()} == names


def test_a_plan_of_the_demo_runs_where_there_is_nothing_else(installed: Path, tmp_path) -> None:
    said = run(installed, tmp_path, "-m", "orchestrator.sweep", "configs/demo.yaml", "--plan")
    assert f"Sweep demo (seed 1) in {tmp_path}{os.sep}runs\n" in said
    assert not list(tmp_path.iterdir())


def test_every_console_script_leads_to_a_program(installed: Path, tmp_path) -> None:
    (info,) = installed.glob("*.dist-info")
    scripts = [each for each in PathDistribution(info).entry_points if each.group.endswith("pts")]
    assert len(scripts) == len(list((ROOT / "orchestrator").glob("[a-z]*.py")))
    lines = [f"from {each.module} import {each.attr}; print({each.attr})" for each in scripts]
    said = run(installed, tmp_path, "-c", "\n".join(lines))
    assert said.count("<function main") == len(scripts)

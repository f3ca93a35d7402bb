"""The command line of a report; what it reads and writes is tested beside its parts."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.config.loading import load_config
from orchestrator.config.resume import write_config
from orchestrator.report import main
from tests.fixtures.paths import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a sweep that has only just begun."""
    made = tmp_path / "runs" / "sweeps" / "demo"
    made.mkdir(parents=True)
    write_config(load_config(None, [f"storage={tmp_path / 'runs'}"]), made)
    return made


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.err.startswith("lethe: ")
    assert said.out == ""
    return said.err


def test_a_folder_that_is_no_sweeps_is_refused(tmp_path, capsys) -> None:
    assert "DIR must be the folder of a sweep" in refused([str(tmp_path)], capsys)
    assert "does not exist" in refused([str(tmp_path / "none")], capsys)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--methods", "npo,gaa"], "--methods must be one of"),
        (["--objectives", "retian,real"], "did you mean 'retain'?"),
        (["--formats", "pdf"], "--formats must be one of csv, json, md, tex"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_and_nothing_written(
    folder, capsys, words, message
) -> None:
    before = sorted(folder.iterdir())
    assert message in refused([str(folder), *words], capsys)
    assert sorted(folder.iterdir()) == before


def test_a_sweep_that_has_only_begun_is_reported_with_what_is_missing(folder, capsys) -> None:
    assert main([str(folder)]) == 0
    said = capsys.readouterr().out
    assert "Missing: The baselines are not both done" in said
    assert "ga 0 of 7" in said
    assert (folder / "ledger.md").is_file()


def test_a_part_of_a_sweep_goes_to_a_folder_of_its_own(folder, tmp_path) -> None:
    assert main([str(folder), "--methods", "npo, ga", "--formats", "csv"]) == 0
    assert (folder / "report" / "ledger.csv").is_file()
    assert not (folder / "ledger.csv").exists()
    elsewhere = tmp_path / "a" / "b"
    assert main([str(folder), "--out", str(elsewhere), "--formats", "tex"]) == 0
    assert {file.name for file in elsewhere.iterdir()} == {"ledger.tex", "report.html"}


def test_a_place_that_cannot_be_written_to_is_refused(folder, tmp_path, capsys) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    said = refused([str(folder), "--out", str(tmp_path / "file")], capsys)
    assert "--out must be a folder that can be written to but got" in said


@pytest.mark.slow
def test_the_report_of_a_whole_sweep_needs_no_ray(stored_sweep) -> None:
    folder = stored_sweep().fill().folder
    code = (
        "import sys\n"
        "from orchestrator.report import main\n"
        f"assert main([{str(folder)!r}]) == 0\n"
        "print('|', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.rpartition("|")[2].split()
    assert not {"ray", "optuna", "mlflow", "deepspeed"} & set(loaded)

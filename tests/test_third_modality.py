"""Another modality takes a benchmark, a suite, a family and metrics, and no other file.

The files in `third_modality/` (points in a plane, told apart by a linear model) are laid beside a
copy of the source tree, and a whole sweep is run there.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from tests.fixtures.processes import ONE_RANK

HERE = Path(__file__).parent
PACKAGES = ("evals", "trainers", "cluster", "orchestrator", "configs")
METHODS = {"retain_ft", "gd", "npo"}

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]


def started(tree: Path, *words: str) -> str:
    """Returns what a program of the tree prints."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", *words]
    ended = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(HERE.parent / package, tree / package)
    shutil.copy(HERE.parent / "pyproject.toml", tree)
    for file in (HERE / "third_modality").rglob("*.py"):
        place = tree / file.relative_to(HERE / "third_modality")
        assert not place.exists(), "a new modality must replace no file"
        shutil.copy(file, place)
    return tree


@pytest.fixture(scope="module")
def storage(tree: Path, tmp_path_factory) -> Path:
    storage = tmp_path_factory.mktemp("storage")
    config = str(HERE / "third_modality/points.yaml")
    started(tree, "orchestrator.sweep", config, f"storage={storage}", *ONE_RANK)
    return storage


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def results(storage: Path) -> list[dict]:
    files = sorted((storage / "jobs").glob("*/result.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def test_every_job_is_done_and_measured_by_the_new_metrics(storage: Path) -> None:
    found = results(storage)
    assert {result["state"] for result in found} == {"done"}
    for result in found:
        assert set(result["metrics"]) == {"forget_side", "retain_side"}
        assert result["facts"]["num_points"] == 40


def test_the_gold_model_knows_the_retained_points_and_npo_forgets(storage: Path) -> None:
    by_method: dict[str, list[float]] = {}
    for folder in (storage / "jobs").glob("*"):
        job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        measured = json.loads((folder / "result.json").read_text(encoding="utf-8"))["metrics"]
        name = job["phase"] if job["method"] is None else job["method"]["name"]
        by_method.setdefault(name, []).append(measured["forget_side"])
        if job["phase"] in ("original", "gold"):
            assert measured["retain_side"] > 0.9
    assert min(by_method["npo"]) < min(by_method["original"])


def test_scores_are_kept_in_the_suites_own_form(storage: Path) -> None:
    sheet = json.loads(next((storage / "jobs").glob("*/scores.json")).read_text(encoding="utf-8"))
    assert [task["name"] for task in sheet["tasks"]] == ["forget", "retain"]
    assert set(sheet["tasks"][0]["items"][0]) == {"id", "nll"}


def test_the_tables_and_the_report_come_out(tree: Path, storage: Path) -> None:
    folder = storage / "sweeps" / "points"
    finals = rows(folder / "table.csv")
    assert {row["Method"] for row in finals} >= METHODS
    assert (folder / "report.html").is_file()
    assert "retain_side" in started(tree, "orchestrator.report", str(folder))


def test_a_row_can_be_repeated(tree: Path, storage: Path) -> None:
    trials = [
        file.parent.name
        for file in (storage / "jobs").glob("*/job.json")
        if json.loads(file.read_text(encoding="utf-8"))["phase"] == "trial"
    ]
    said = started(tree, "orchestrator.repeat", str(storage / "jobs" / trials[0]))
    assert "same" in said.lower()


def test_mlflow_shows_the_points_of_every_job(storage: Path) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{storage / 'mlflow.db'}")
    found = mlflow.search_runs(search_all_experiments=True)
    jobs = found[found["tags.modality"] == "points"]
    assert len(jobs) >= 2 + 2 * len(METHODS)
    items = next((storage / "mlartifacts").glob("**/evaluation.json")).read_text(encoding="utf-8")
    table = json.loads(items)
    assert table["columns"] == ["task", "id", "nll"]
    assert len(table["data"]) == 40


def test_a_metric_of_another_modality_is_refused(tree: Path, tmp_path: Path) -> None:
    words = [str(HERE / "third_modality/points.yaml"), "--plan", f"storage={tmp_path}"]
    words.append("evaluation.metrics=[forget_rouge]")
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    command = [sys.executable, "-m", "orchestrator.sweep", *words]
    ended = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "made of (points) but got 'forget_rouge', which reads scores of text;" in ended.stderr

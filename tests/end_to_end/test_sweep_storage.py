"""Whole sweeps on a disk that fills up, and at a URL, as a user runs them."""

import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.sweep import main
from tests.fixtures.paths import ROOT, SWEEP
from tests.fixtures.processes import ONE_RANK, called, without_cluster

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

SMALL = (
    SWEEP,
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "benchmark.holdout_people=1",
    "model.hidden_size=32",
    "model.num_layers=2",
    "model.num_heads=2",
    "baselines.training.epochs=2",
    "training.epochs=1",
    "methods=[npo]",
    "search.trials=3",
    "finalists=null",
    "search.startup_trials=1",
    *ONE_RANK,
)


@pytest.fixture
def driver() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts sweeps, and asks those to leave that a failed test has left running."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.sweep", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=without_cluster(),
            cwd=ROOT,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=120)


def until(process: subprocess.Popen[str], start: str) -> str:
    """Returns what the sweep says up to a line that starts so, with that line."""
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith(start):
            return said
    pytest.fail(f"it never said {start}:\n{said}")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=800)
    return process.returncode, output


def trials(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def states(folder: Path) -> Counter[str]:
    from optuna import load_study
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    journal = JournalStorage(JournalFileBackend(str(folder / "search.journal")))
    return Counter(t.state.name for t in load_study(study_name="npo", storage=journal).trials)


def children(storage: Path) -> Counter[str]:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    experiment = client.get_experiment_by_name("demo")
    runs = client.search_runs([experiment.experiment_id])
    return Counter(r.info.status for r in runs if "mlflow.parentRunId" in r.data.tags)


def test_a_sweep_outlives_a_full_disk_and_then_keeps_to_its_quota(small_disk, driver) -> None:
    storage = small_disk.folder / "runs"
    folder = storage / "sweeps" / "demo"
    first = driver(f"storage={storage}", *SMALL, "disk.patience_s=8")
    until(first, "[2/5]")
    small_disk.fill()
    said = until(first, "lethe: no room in ")
    assert "FAILED" not in said
    code, said = ended(first)
    assert code == 1, said
    assert f"there was no room in {storage} (" in said
    assert f"--resume {folder}" in said
    assert "Traceback" not in said
    assert "FAIL" not in states(folder), "no parameters are to blame for a full disk"

    small_disk.empty()
    code, said = called(main, "--resume", str(folder), "disk.quota=2.3 MB")
    assert code in (0, 3), said
    rows = trials(folder)
    assert [row["State"] == "failed" for row in rows] == [False] * 3
    assert states(folder) == {"COMPLETE": 3}
    assert children(storage) == {"FINISHED": 5}
    kept = {row["Job"] for row in rows if (storage / "jobs" / row["Job"] / "adapter").is_dir()}
    assert kept == {row["Job"] for row in rows if row["Weights"] != "removed"}
    with (folder / "pareto.csv").open(encoding="utf-8") as stream:
        assert {row["Job"] for row in csv.DictReader(stream)} <= kept
    assert len(kept) < 3, said
    assert "dominated trial" in said
    copies = list((storage / "mlartifacts").glob("*/artifacts/adapter"))
    assert len(copies) == len(kept)
    assert all((storage / "jobs" / row["Job"] / "scores.json").is_file() for row in rows)


def test_a_sweep_at_a_url_is_gone_on_with_from_another_cache(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/there"
    words = [f"storage={url}", f"cache={tmp_path / 'a'}", *SMALL, "search.trials=1"]
    code, said = called(main, *words)
    assert code in (0, 3), said
    there = tmp_path / "there"
    assert len(list((there / "jobs").glob("*/result.json"))) == 3
    resume = ["--resume", f"{url}/sweeps/demo", f"cache={tmp_path / 'b'}", "search.trials=2"]
    code, said = called(main, *resume)
    assert code in (0, 3), said
    assert said.count("found in storage") == 3
    assert [row["State"] for row in trials(there / "sweeps" / "demo")] == ["done"] * 2
    assert states(there / "sweeps" / "demo") == {"COMPLETE": 2}
    assert len(list((there / "jobs").glob("*/adapter/adapter_model.safetensors"))) == 2

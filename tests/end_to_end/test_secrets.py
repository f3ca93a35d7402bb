"""Secrets are planted where a sweep may be given them, and looked for in what it has written."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator import repeat, report
from orchestrator.storage.masking import basic_form, forms
from orchestrator.sweep import main
from tests.fixtures.paths import SWEEP
from tests.fixtures.processes import ONE_RANK, called, without_cluster

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1500)]

ROOT = Path(__file__).parents[2]
ODD = "a b%20c?d#e'é"
SMALL = (
    SWEEP,
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "benchmark.holdout_people=1",
    "model.hidden_size=32",
    "model.num_layers=2",
    "model.num_heads=2",
    "baselines.training.epochs=1",
    "training.epochs=1",
    "methods=[npo]",
    "search.trials=1",
    "search.startup_trials=1",
    "finalists=null",
    *ONE_RANK,
)


def lethe(module: str, *words: str, code: tuple[int, ...], **more: str) -> str:
    """Runs one of Lethe's commands and returns all that it says."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **more}
    environment.pop("RAY_ADDRESS", None)
    ended = subprocess.run(
        [sys.executable, "-m", f"orchestrator.{module}", *words],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        timeout=900,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode in code, said
    return said


def kill_a_sweep(words: list[str], log: Path, **more: str) -> tuple[str, Path]:
    """Kills a sweep once it has told of a job; returns what it has said, and its Ray's session."""
    command = [sys.executable, "-m", "orchestrator.sweep", *words]
    environment = {**without_cluster(), **more, "TMPDIR": "/tmp"}
    with log.open("w") as stream:
        driver = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, env=environment, cwd=ROOT
        )
    while "\n[1/" not in log.read_text(encoding="utf-8"):
        assert driver.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.1)
    driver.kill()
    driver.wait()
    [session] = Path("/tmp/ray").glob(f"session_*_{driver.pid}")
    return log.read_text(encoding="utf-8"), session


def found(secrets: dict[str, str], said: list[str], *folders: Path) -> list[str]:
    """Returns where a secret is, in any of its forms: in what was said, a file or its name."""
    everything = {f"output {number}": text.encode() for number, text in enumerate(said)}
    for folder in folders:
        for file in folder.rglob("*"):
            content = file.read_bytes() if file.is_file() else b""
            everything[str(file)] = content + str(file).encode()
    known = {name: {*forms(secret), basic_form("me", secret)} for name, secret in secrets.items()}
    return [
        f"{name} in {where}"
        for where, content in everything.items()
        for name, each in known.items()
        if any(form.encode() in content for form in each)
    ]


def test_no_secret_is_written_by_a_sweep_a_report_a_repeat_or_a_resumed_sweep(
    tmp_path: Path,
) -> None:
    secrets = {
        name: f"planted-{name}-9f3c"
        for name in ("token", "secret", "signature", "from_environment", "resumed", "repeated")
    }
    database = f"{tmp_path}/store.db"
    url = (
        f"file://{tmp_path}/there?token={secrets['token']}&secret={secrets['secret']}"
        "&password=${HIDDEN}"
    )
    uri = f"sqlite:///{database}?password={secrets['signature']}"
    cache = tmp_path / "cache"
    hidden = {"HIDDEN": secrets["from_environment"]}
    given = [f"storage={url}", f"cache={cache}"]
    killed, ray = kill_a_sweep([*given, *SMALL], tmp_path / "said", **hidden)
    said = [killed]
    assert "lethe: storage has a secret in plain text" in said[0]
    assert found(secrets, said, tmp_path, ray) == []
    shutil.rmtree(ray)
    [folder] = cache.glob("*/sweeps/demo")
    again = url.replace(secrets["token"], secrets["resumed"])
    code, text = called(main, "--resume", str(folder), **hidden)
    assert code == 2, text
    said.append(text)
    assert "storage must be given with its secret" in said[-1]
    resume = ["--resume", str(folder), f"storage={again}"]
    said.append(lethe("sweep", *resume, f"tracking.uri={uri}", code=(0, 2, 3), **hidden))
    code, text = called(report.main, str(folder), **hidden)
    assert code == 0, text
    said.append(text)
    job = next((folder.parent.parent / "jobs").glob("[!.]*")).name
    said.append(lethe("repeat", job, "--storage", str(folder.parent.parent), code=(0,), **hidden))
    named = f"http://me:{secrets['repeated']}@127.0.0.1:9/"
    code, text = called(repeat.main, "e" * 32, "--tracking-uri", named)
    assert code == 2, text
    said.append(text)
    assert (Path.home() / ".ray" / "auth_token").stat().st_mode & 0o077 == 0
    assert found(secrets, said, tmp_path) == []


def test_a_refused_start_says_no_secret(tmp_path: Path, capfd, monkeypatch) -> None:
    planted = {
        "http": "http://me:{}@127.0.0.1:9",
        "postgresql": "postgresql://me:{}@127.0.0.1:9/db",
        "encoded": "postgresql://me:{}%40x@127.0.0.1:9/db",
        "unencoded": "postgresql://me:{}/x@127.0.0.1:9/db",
        "no_port": "http://me:{}@127.0.0.1:port",
        "query": "postgresql://127.0.0.1:9/db?password={}",
        "access_token": "http://127.0.0.1:9/x?access_token={}",
        "signature": "http://127.0.0.1:9/x?X-Amz-Signature={}",
        "user": "https://{}@127.0.0.1:9/x",
    }
    secrets = {name: f"planted-{name}-77aa" for name in planted}
    said = []
    for name, uri in planted.items():
        words = [f"storage={tmp_path}", *SMALL, f"tracking.uri={uri.format(secrets[name])}"]
        assert main(words) == 2
        said.append("".join(capfd.readouterr()))
        assert "tracking.uri must be" in said[-1]
    words = [f"storage={tmp_path}", *SMALL, "tracking.uri=http://me:${HIDDEN}@127.0.0.1:9"]
    secrets["environment"] = "planted-environment-77aa"
    monkeypatch.setenv("HIDDEN", secrets["environment"])
    assert main(words) == 2
    said.append("".join(capfd.readouterr()))
    assert "${HIDDEN}" in said[-1]
    assert found(secrets, said, tmp_path) == []


LAUNCHER = {
    "OMPI_COMM_WORLD_RANK": "3",
    "OMPI_COMM_WORLD_SIZE": "4",
    "OMPI_COMM_WORLD_LOCAL_RANK": "3",
    "PMI_RANK": "3",
    "PMI_SIZE": "4",
    "SLURM_PROCID": "3",
    "SLURM_NTASKS": "4",
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "3",
    "MASTER_ADDR": "203.0.113.77",
    "MASTER_PORT": "9",
}
"""What launchers say to each of four processes of theirs."""


def test_a_folder_of_any_name_holds_a_whole_sweep_wherever_it_is_started(tmp_path: Path) -> None:
    """Without a home that can be written to, in a long TMPDIR, under launchers of ranks."""
    from mlflow import MlflowClient

    storage, long = tmp_path / ODD, tmp_path / ("long" * 20)
    long.mkdir()
    around = {"HOME": "/dev/null/nowhere", "TMPDIR": str(long), **LAUNCHER}
    said = lethe("sweep", f'storage="{storage}"', *SMALL, code=(0, 3), **around)
    assert "Traceback" not in said
    assert "Error" not in said
    [line] = [each for each in said.splitlines() if each.startswith("MLflow: ")]
    uri = shlex.split(line.removeprefix("MLflow: "))[-1]
    store = MlflowClient(uri)
    experiment = store.get_experiment_by_name("demo").experiment_id
    runs = store.search_runs([experiment])
    assert len(runs) == 4
    folder = next(storage.glob("sweeps/*"))
    lethe("report", str(folder), code=(0,), **around)
    child = next(run for run in runs if run.data.tags.get("job"))
    lethe("repeat", child.info.run_id, "--storage", str(storage), code=(0,), **around)
    assert sorted(tmp_path.iterdir()) == sorted([storage, long])

"""A sweep of which parts are killed at any instant, over and over, ends as if left alone.

The parts take turns: the driver, Ray's GCS, a rank, the raylet, and MLflow's database, which is
locked for a while. The sweep goes on by itself, or else its driver ends with code 1 within a minute
and says how to go on.

`--kills N` sets how often (default 2). The long form is

    python -m pytest -s tests/end_to_end/test_kills.py --kills 20

which prints every kill. The instants are drawn from a seed, over the whole way of a driver: its
start, and what follows each job that it tells of. A sweep is struck once by each kind, goes on to
its end and is compared; so is one that came to its end between two strikes. There is no limit to
the whole, as there is one to every wait.
"""

import csv
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from orchestrator.config.resume import LAYOUT
from orchestrator.storage.line_file import whole_lines
from tests.fixtures.paths import ROOT, SWEEP
from tests.fixtures.processes import ONE_RANK, without_cluster

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(0)]

NAME = "demo"
LOCKED_S = 8.0
"""Seconds for which the database is locked, more than SQLite waits for."""
GONE_S = 60.0
"""Seconds within which a driver whose Ray is gone has to end."""
BETWEEN_S = 1.5
"""The longest wait for a kill after a job was told of: about the time from one to the next."""
MEASURED = ("_s", "_bytes", "_megabytes", "_hours")
"""Endings of facts that are never twice the same."""
DISTURBED = ("attempts", "resumed_step")
"""Facts that tell of a lost rank."""
PASSING = ("mlflow.", "version.", "sweep_id", "started_ms", "folder")
"""Tags that tell of a time, a place, or of the code that ran a job, which is not known of what is
found."""
WORDS = (
    SWEEP,
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
    "benchmark.holdout_people=1",
    "model.hidden_size=32",
    "model.num_layers=2",
    "model.num_heads=2",
    "baselines.training.epochs=2",
    "training.epochs=1",
    "methods=[npo, gd]",
    "methods.gd.search.lr={low: 1e-3, high: 1e30}",  # some of them no loss survives
    "search.trials=4",
    "finalists.seeds=1",
    "search.startup_trials=2",
    *ONE_RANK,
)


@dataclass
class Driver:
    """One run of the sweep's process, in a session of its own."""

    process: subprocess.Popen
    log: Path
    family: list[psutil.Process] = field(default_factory=list)

    def kill(self) -> bool:
        """Kills the driver alone, as an operator or the kernel would; False if it has ended."""
        if self.process.poll() is not None:
            return False
        self.family = self.members
        self.process.kill()
        self.process.wait()
        return True

    def kill_part(self, name: str) -> bool:
        """Kills a process of the driver's Ray by a part of its command; False without one."""
        found = [p for p in self.members if name in " ".join(command(p))]
        for process in found[:1]:
            process.kill()
        return bool(found)

    @property
    def members(self) -> list[psutil.Process]:
        """The driver's process and all that it has started."""
        return [p for p in psutil.process_iter() if session(p.pid) == self.process.pid]

    def clean(self) -> None:
        """Ends what is left of the embedded Ray that the driver had started."""
        for process in self.family:
            if process.is_running():  # the same process, not another one under its number
                process.kill()

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")


def session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def start(storage: Path, log: Path) -> Driver:
    """Starts the sweep, or goes on with it: with --resume where there is something to resume."""
    folder = storage / "sweeps" / NAME
    begun = (folder / "config.json").is_file()
    resume = begun and random.Random(str(log)).random() < 0.5
    words = ["--resume", str(folder)] if resume else [f"storage={storage}", *WORDS]
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator.sweep", *words],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=without_cluster(),
            cwd=ROOT,
            start_new_session=True,
        )
    return Driver(process, log)


def table(storage: Path, name: str) -> list[dict[str, str]]:
    with (storage / "sweeps" / NAME / f"{name}.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return [{k: v for k, v in row.items() if k not in ("Seconds", "Repeat")} for row in rows]


def studies(storage: Path) -> dict[str, list[tuple[object, ...]]]:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    journal = JournalStorage(JournalFileBackend(str(storage / "sweeps" / NAME / "search.journal")))
    return {
        study.study_name: [
            (t.number, t.state.name, t.params, t.values, t.constraints, t.user_attrs)
            for t in optuna.load_study(study_name=study.study_name, storage=journal).trials
        ]
        for study in optuna.get_all_study_summaries(journal)
    }


def runs(storage: Path) -> tuple[list[object], Counter]:
    """Returns every MLflow run without its times, and how many rows each of its metrics has."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    experiment = client.get_experiment_by_name("demo")
    found, rows = [], Counter()
    for run in client.search_runs([experiment.experiment_id], max_results=1000):
        name = run.data.tags.get("job", "sweep")
        metrics = {k: v for k, v in run.data.metrics.items() if k not in DISTURBED}
        values = {k: repr(v) for k, v in metrics.items() if not k.endswith(MEASURED)}
        kept = {k: v for k, v in run.data.tags.items() if not k.startswith(PASSING)}
        found.append((name, run.info.status, kept, run.data.params, values))
        for metric in metrics:
            rows[name, metric] += len(client.get_metric_history(run.info.run_id, metric))
        files = {item.path for item in client.list_artifacts(run.info.run_id)}
        rows[name, "files"] += len(files)
    return sorted(found, key=str), rows


def members(storage: Path) -> list[str]:
    """Returns the sweep's members without their seals, over the ledger's times as well."""
    return sorted(whole_lines(storage / "sweeps" / NAME / "members.jsonl"))


def ledger(storage: Path) -> list[tuple[str, ...]]:
    counted = ("Method", "Trials given", "Trials used", "Found", "Failed")
    return [tuple(row[name] for name in counted) for row in table(storage, "ledger")]


def results(storage: Path) -> dict[str, tuple[int, int]]:
    """Returns every finished job with what changes when it is written again."""
    files = (storage / "jobs").glob("[!.]*/result.json")
    return {file.parent.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in files}


@dataclass(frozen=True)
class Ended:
    """What a sweep came to, without anything that depends on the clock."""

    tables: dict[str, list[dict[str, str]]]
    studies: dict[str, list[tuple[object, ...]]]
    runs: list[object]
    metric_rows: Counter
    ledger: list[tuple[str, ...]]
    members: list[str]
    jobs: set[str]

    @classmethod
    def of(cls, storage: Path) -> "Ended":
        tables = {name: table(storage, name) for name in ("table", "pareto", "trials")}
        found, rows = runs(storage)
        jobs = set(results(storage))
        return cls(tables, studies(storage), found, rows, ledger(storage), members(storage), jobs)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, float]:
    """What the sweep comes to when nobody kills it, and how long it takes to tell of a job."""
    folder = tmp_path_factory.mktemp("undisturbed")
    started = time.monotonic()
    driver = start(folder / "storage", folder / "log")
    while driver.process.poll() is None and num_told(driver) == 0:
        time.sleep(0.1)
    startup_s = time.monotonic() - started
    assert driver.process.wait(timeout=600) == 0, driver.output
    return Ended.of(folder / "storage"), startup_s


def strikes(num_kills: int) -> Iterator[list[tuple[str, float]]]:
    """Yields for each sweep what is struck, and what part of its way a driver has come then.

    Every kind is struck once in a sweep, in an order and at instants that are drawn; those are in
    order, as a driver that goes on tells of what is there at once. Few ones are spread evenly.
    """
    draw = random.Random(0)
    for begun in range(0, num_kills, len(KINDS)):
        kinds = list(KINDS)
        parts = [(i + 1) / (num_kills + 1) for i in range(num_kills)]
        if num_kills > 3:
            draw.shuffle(kinds)
            parts = sorted(draw.random() for _ in kinds)
        yield list(zip(kinds[: num_kills - begun], parts, strict=False))


def check_ended(storage: Path, expected: Ended, finished: dict[str, tuple[int, int]]) -> None:
    """Compares a sweep that was killed and resumed with one that was not."""
    ended = Ended.of(storage)
    for name in Ended.__annotations__:
        assert getattr(ended, name) == getattr(expected, name), name
    states = {row[1] for rows in ended.studies.values() for row in rows}
    assert states <= {"COMPLETE", "FAIL"}
    now = results(storage)
    repeated = [job for job, written in finished.items() if now.get(job) != written]
    assert not repeated, "finished jobs were lost or run again"
    assert not list((storage / "jobs").glob(".*")), "folders of cut-off jobs are left"
    origin = json.loads((storage / "sweeps" / NAME / "origin.json").read_text(encoding="utf-8"))
    assert origin["layout"] == LAYOUT


class Trial:
    """Sweeps that are killed again and again, one after the other."""

    def __init__(self, folder: Path, expected: Ended, startup_s: float) -> None:
        self._folder = folder
        self._expected = expected
        self._startup_s = startup_s
        self._drivers: list[Driver] = []
        self._running: Driver | None = None
        self._finished: dict[str, tuple[int, int]] = {}
        self.num_sweeps = 0

    @property
    def _storage(self) -> Path:
        return self._folder / str(self.num_sweeps)

    def strike(self, kind: str, part: float) -> None:
        """Strikes at that part of a driver's way, of one that does not end before it."""
        while True:
            driver = self._running or self._start()
            last = 1 if kind in ("driver", "database") else -1  # the others are needed by jobs
            way = part * (len(self._expected.jobs) + last)
            if struck_at(driver, self._storage, kind, way, startup_s=self._startup_s):
                break
            self.end()
        said = f"{kind} struck after {time.monotonic() - self._started:.1f} s"
        if kind in ENDING:
            struck = time.monotonic()
            driver.process.wait(GONE_S)
            said += f", ended {time.monotonic() - struck:.1f} s later"
            code = driver.process.returncode
            assert "Traceback" not in driver.output
            if code == 0:  # Ray was not needed any more
                self.end()
            elif kind != "driver":
                assert code == 1, driver.output
                assert "is gone; run the same command again to go on" in driver.output
            self._running = None
        self._finished |= results(self._storage)
        told(said, driver)

    def end(self) -> None:
        """Lets a driver come to its end, and compares what is there."""
        driver = self._running or self._start()
        driver.process.wait(600)
        self._running = None
        self._check(driver)

    def clean(self) -> None:
        for driver in self._drivers:
            driver.kill()
            driver.clean()

    def _start(self) -> Driver:
        self._started = time.monotonic()
        self._running = start(self._storage, self._folder / f"log{len(self._drivers)}")
        self._drivers.append(self._running)
        return self._running

    def _check(self, driver: Driver) -> None:
        assert driver.process.returncode == 0, driver.output
        check_ended(self._storage, self._expected, self._finished)
        self._finished = {}
        self.num_sweeps += 1


def test_a_sweep_that_is_struck_again_and_again_ends_like_one_that_was_left_alone(
    undisturbed, tmp_path, request
) -> None:
    num_kills = request.config.getoption("kills")
    trial = Trial(tmp_path, *undisturbed)
    try:
        for struck in strikes(num_kills):
            for kind, part in struck:
                trial.strike(kind, part)
            trial.end()
    finally:
        trial.clean()
    print(f"{trial.num_sweeps} sweeps, struck {num_kills} times: all equal the one left alone")


def struck_at(driver: Driver, storage: Path, kind: str, way: float, *, startup_s: float) -> bool:
    """Strikes once the driver has come that way; False if it ends before.

    The first part of its way is its start, which is timed, and every job that it tells of begins
    another one; within a part the instant is drawn.
    """
    place, within = divmod(way, 1)
    while driver.process.poll() is None and num_told(driver) < place:
        time.sleep(0.02)
    time.sleep(within * (startup_s if place == 0 else BETWEEN_S))
    while driver.process.poll() is None:
        if KINDS[kind](driver, storage):
            return True
        time.sleep(0.02)
    return False


def lock_database(storage: Path) -> bool:
    """Locks MLflow's database for a while; False while there is none."""
    file = storage / "mlflow.db"
    if not file.exists():
        return False
    database = sqlite3.connect(file, timeout=60, check_same_thread=False)
    database.execute("BEGIN EXCLUSIVE")
    threading.Timer(LOCKED_S, database.close).start()
    return True


KINDS: dict[str, Callable[[Driver, Path], bool]] = {
    "driver": lambda driver, _: driver.kill(),
    "GCS": lambda driver, _: driver.kill_part("gcs_server"),
    "rank": lambda driver, _: driver.kill_part("ray::Rank"),
    "raylet": lambda driver, _: driver.kill_part("raylet/raylet"),
    "database": lambda _, storage: lock_database(storage),
}
ENDING = ("driver", "GCS", "raylet")


def num_told(driver: Driver) -> int:
    """Returns of how many jobs the driver has told."""
    return sum(line.startswith("[") for line in driver.output.splitlines())


def told(said: str, driver: Driver) -> None:
    lines = driver.output.splitlines() or [""]
    print(f"{said}, {num_told(driver)} jobs told of; last line: {lines[-1]}", flush=True)

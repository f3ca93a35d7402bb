"""Jobs that have ended, and an MLflow store in a file to record them in."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from evals.benchmark import Role
from evals.choice import Choice
from evals.scores import ScoreSheet
from evals.sheet_file import write_sheet
from evals.text.example import Probability
from evals.text.scores import AnswerScore, ItemScore, TaskScores
from orchestrator.config.loading import load_config
from orchestrator.config.resume import config_text
from orchestrator.config.tracking import TrackingSettings
from orchestrator.results.entry import Entry
from orchestrator.storage.files import (
    DATABASE,
    JOB_FILE,
    RESULT_FILE,
    SCORES_FILE,
    job_path,
    sweep_path,
)
from orchestrator.storage.result import Result, State
from orchestrator.tracking.session import Place
from orchestrator.tracking.tracker import Tracker
from tests.fixtures.jobs import any_job
from tests.fixtures.paths import SWEEP
from tests.fixtures.processes import PAGES_ALONE, free_port
from trainers.job import ADAPTER, Report
from trainers.settings import AdapterSettings, TrainingSettings

TEMPLATE = "template"
"""The experiment that every database here has from its making."""
REPORTS = tuple(Report(step, 4, {"loss": 1.0 / step}) for step in (1, 2, 3, 4))


@pytest.fixture
def entry():
    """Gives `entry(number, ...)`: a finished trial of NPO under the label npo_l1."""

    def entry(number=0, *, lr=1e-4, reason="", retain=0.72, num_reports=4):
        job = any_job(
            benchmark=Choice(name="characters", settings={"num_people": 20}),
            model=Choice(name="tiny_llama"),
            training=TrainingSettings(lr=lr, l1=2e-3),
            adapter=AdapterSettings(),
            seed=7,
            method=Choice(name="npo", settings={"beta": 0.1}),
            base="0" * 16,
            data="d" * 64,
        )
        asked = {"attempts": 1.0, "ranks": 2.0, "micro_batch_size": 4.0, "zero_stage": 2.0}
        found = {"moved": 1.0, "final_loss": float("nan"), "peak_memory_bytes": 5e8}
        result = Result(
            job=job,
            state=State.FAILED if reason else State.DONE,
            reason=reason,
            metrics={} if reason else {"retain": retain, "log_forget_quality": -3.0},
            facts=asked if reason else {**found, **asked},
            wall_s=8.0,
            reports=REPORTS[:num_reports],
            started_at=1_700_000_000.25,
        )
        missed = None if reason else {"retain.at_least": 0.7 - retain}
        return Entry("npo_l1", result, number, {"lr": lr, "l1": 2e-3, "beta": 0.1}, missed)

    return entry


@pytest.fixture
def sheet():
    """Two items: one with all kinds of answers, one without, of which nothing is known."""
    whole = ItemScore(
        "p00",
        "Berlin",
        AnswerScore(2.0, 4),
        AnswerScore(3.0, 3),
        (AnswerScore(4.0, 2), AnswerScore(12.0, 3)),
        (-0.5,) * 4,
        (True, True, False, True),
        generation="Berne",
    )
    bare = ItemScore("p01", "Rome", AnswerScore(float("nan"), 2, ended=False), None, (), (), ())
    return ScoreSheet((TaskScores("forget", Role.FORGET, Probability.PLAIN, (whole, bare)),))


@pytest.fixture
def job_folder(sheet):
    """Gives `job_folder(storage, entry)`: the folder of a finished job, with its files."""

    def job_folder(storage, made):
        folder = storage / job_path(made.result.job.hash)
        (folder / ADAPTER).mkdir(parents=True)
        for name in (JOB_FILE, RESULT_FILE):
            (folder / name).write_text("{}", encoding="utf-8")
        write_sheet(folder / SCORES_FILE, sheet)
        (folder / ADAPTER / "adapter_model.safetensors").write_bytes(b"weights")
        return folder

    return job_folder


@pytest.fixture(scope="session")
def config_json():
    """The resolved config of the demo."""
    return config_text(load_config(SWEEP, ["name=demo"]))


@pytest.fixture(scope="session")
def fresh_database(tmp_path_factory, config_json):
    """An empty MLflow database; making one takes seconds, copying it none."""
    storage = tmp_path_factory.mktemp("template")
    place = Place("demo", storage / sweep_path("demo"), storage)
    settings = TrackingSettings(experiment=TEMPLATE)
    tracker = Tracker.open(settings, place, config_json=config_json)
    tracker.close(finished=True)
    assert tracker.complaint is None
    return storage / DATABASE


@pytest.fixture
def storage(fresh_database, tmp_path):
    """A storage folder that has an MLflow database."""
    shutil.copy(fresh_database, tmp_path / DATABASE)
    return tmp_path


@pytest.fixture
def begin(config_json):
    """Gives `begin(storage, ...)`: the open tracker of a sweep there."""

    def begin(storage, *, name="demo", text=config_json, **settings):
        place = Place(name, storage / sweep_path(name), storage)
        return Tracker.open(TrackingSettings(**settings), place, config_json=text)

    return begin


@pytest.fixture
def record(begin):
    """Gives `record(storage, entries)`: one sweep's tracker has recorded them, to the end."""

    def record(storage, entries, **settings):
        tracker = begin(storage, **settings)
        for made in entries:
            tracker.log_entry(made, job_folder=storage / job_path(made.result.job.hash))
        tracker.close(finished=True)
        assert tracker.complaint is None

    return record


@pytest.fixture
def client():
    """Gives `client(storage)`: MLflow's own client of the database there, or of an address."""

    def client(where):
        from mlflow import MlflowClient

        return MlflowClient(where if isinstance(where, str) else f"sqlite:///{where}/{DATABASE}")

    return client


@pytest.fixture
def runs(client):
    """Gives `runs(storage)`: the sweeps' runs, and the jobs' runs."""

    def runs(where):
        store = client(where)
        experiments = [e for e in store.search_experiments() if e.name != TEMPLATE]
        found = store.search_runs([each.experiment_id for each in experiments])
        children = [run for run in found if "mlflow.parentRunId" in run.data.tags]
        return [run for run in found if run not in children], children

    return runs


@pytest.fixture
def artifact():
    """Gives `artifact(run, name)`: the file of a run whose artifacts are in a folder."""

    def artifact(run, name):
        return Path(run.info.artifact_uri.removeprefix("file://")) / name

    return artifact


class Server:
    """A real `mlflow server` on loopback, which can be ended and started again."""

    def __init__(self, store, folder):
        self._folder = folder
        self._port = free_port()
        self.uri = f"http://127.0.0.1:{self._port}"
        self._command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
        self._command += ["--host", "127.0.0.1", "--port", str(self._port)]
        self._command += ["--backend-store-uri", store]
        self._command += ["--artifacts-destination", str(folder / "artifacts")]
        self._process = None

    def start(self):
        """Starts it and returns when it answers."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env={**os.environ, **PAGES_ALONE},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.2)

    def kill(self):
        """Ends it and its workers at once, whatever they are doing."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def log(self):
        return (self._folder / "server.log").read_text(encoding="utf-8")

    def _answers(self):
        try:
            urlopen(f"{self.uri}/health", timeout=2).close()
        except (URLError, OSError):
            return False
        return True


@pytest.fixture
def server(tmp_path_factory):
    """Gives `server(store)`: a running MLflow server over the database at that address."""
    started = []

    def server(store):
        started.append(Server(store, tmp_path_factory.mktemp("server")))
        started[-1].start()
        return started[-1]

    yield server
    for each in started:
        each.kill()


@pytest.fixture
def wait_until():
    """Gives `wait_until(holds)`: returns once what happens in the background has."""

    def wait_until(holds, timeout_s=60):
        deadline = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    return wait_until

"""What a tracker records, as MLflow's own pages show it in a real browser."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.choice import Choice
from orchestrator.config.loading import load_config
from orchestrator.config.resume import config_text
from orchestrator.config.tracking import TrackingSettings
from orchestrator.results.entry import Entry
from orchestrator.storage.result import Result, State
from orchestrator.tracking.tracker import Place, Tracker
from tests.fixtures.jobs import any_job
from tests.fixtures.processes import PAGES_ALONE, free_port
from trainers.job import Report
from trainers.settings import AdapterSettings, TrainingSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

START_S, PAGE_MS = 180, 60_000
PAGE = """<!DOCTYPE html><title>made</title><p id="said">before</p>
<script>document.getElementById("said").textContent = 6 * 7</script>"""
TOLERATED = ("/static-files/TelemetryLogger.telemetry-worker", "/mlflow/users/current")
"""MLflow asks its own server in vain for a script that its package lacks, and who is logged in."""


def entry(number, label="npo"):
    job = any_job(
        training=TrainingSettings(lr=1e-4 * (number + 1), l1=2e-3),
        adapter=AdapterSettings(),
        seed=7,
        method=Choice(name=label),
    )
    reports = tuple(Report(step, 4, {"loss": 1.0 / step}) for step in (1, 2, 3, 4))
    metrics = {"retain": 0.7 + number / 100, "log_forget_quality": -3.0}
    result = Result(job, State.DONE, "", metrics, {"moved": 1.0}, 8.0, reports, 1.7e9)
    return Entry(label, result, number, {"lr": job.training.lr}, {"retain.at_least": -0.01})


def recorded(storage: Path) -> tuple[str, str, dict[str, str]]:
    """Records a sweep of two trials with a page, and returns its experiment and runs by name.

    They come after the page that the sweep says they are listed on.
    """
    from mlflow import MlflowClient

    place = Place("small", storage / "sweeps" / "small", storage)
    config_json = config_text(load_config(None, ["name=small"]))
    tracker = Tracker.open(TrackingSettings(experiment="seen"), place, config_json=config_json)
    for made in (entry(0), entry(1)):
        folder = storage / "jobs" / made.result.job.hash
        folder.mkdir(parents=True)
        (folder / "result.json").write_text('{"state": "done"}', encoding="utf-8")
        tracker.log_entry(made, job_folder=folder)
    page, table = storage / "report.html", storage / "table.md"
    page.write_text(PAGE, encoding="utf-8")
    table.write_text("| Method |\n| --- |\n| the winner |\n", encoding="utf-8")
    tracker.log_files([page, table])
    tracker.close(finished=True)
    assert tracker.complaint is None
    client = MlflowClient(f"sqlite:///{storage / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("seen").experiment_id
    runs = client.search_runs([experiment])
    listed = tracker.how_to_open.partition("#")[2]
    return listed, experiment, {run.info.run_name: run.info.run_id for run in runs}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    storage = tmp_path_factory.mktemp("runs")
    return storage, *recorded(storage)


@pytest.fixture(scope="module")
def server(store) -> Iterator[str]:
    """The address of an MLflow server over the store, on loopback."""
    storage, *_ = store
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{storage / 'mlflow.db'}"]
    log = (storage / "server.log").open("w", encoding="utf-8")
    surroundings = {**os.environ, **PAGES_ALONE}
    process = subprocess.Popen(
        command, env=surroundings, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process, storage / "server.log")
        yield address
    finally:
        os.killpg(process.pid, 15)  # its workers, too
        process.wait(timeout=30)
        log.close()


def _wait(address: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(2 * START_S):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    pytest.fail(log.read_text(encoding="utf-8"))


@pytest.fixture
def visit(server, chromium):
    """Returns `visit(path)`: MLflow's page.

    None may raise an error that nothing catches, nor ask another host or in vain for anything.
    """
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PAGE_MS)
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
    page.on(
        "request", lambda asked: None if _is_local(asked.url, server) else wrong.append(asked.url)
    )

    def go(path):
        page.goto(f"{server}/#{path}")
        page.reload()
        return page

    yield go
    context.close()
    assert [what for what in wrong if not any(own in what for own in TOLERATED)] == []


def _is_local(url, server):
    return url.startswith((server, "data:", "blob:", "about:"))


def test_the_list_of_runs_shows_the_sweep_and_its_trials_by_name(store, visit):
    _, listed, _, runs = store
    assert len(runs) == 3
    page = visit(listed)
    page.get_by_role("heading", name="Runs", exact=True).wait_for()  # of models, not of agents
    page.get_by_text("small", exact=True).first.wait_for()
    page.locator("[role=gridcell][col-id*='Run Name'] button").first.click()  # shows the children
    for name in runs:
        page.get_by_text(name, exact=True).first.wait_for()


def test_a_run_has_a_page_with_its_metrics_and_parameters(store, visit):
    *_, experiment, runs = store
    name = next(name for name in runs if name != "small")
    page = visit(f"/experiments/{experiment}/runs/{runs[name]}")
    for text in (name, "log_forget_quality", "retain", "lr"):
        page.get_by_text(text, exact=True).first.wait_for()


def test_the_sweeps_run_opens_with_its_table(store, visit):
    *_, experiment, runs = store
    page = visit(f"/experiments/{experiment}/runs/{runs['small']}")
    page.locator("td", has_text="the winner").first.wait_for()


def test_the_report_is_shown_among_the_sweeps_artifacts_and_its_script_runs(store, visit):
    *_, experiment, runs = store
    page = visit(f"/experiments/{experiment}/runs/{runs['small']}/artifacts/report.html")
    page.get_by_text("report.html").first.wait_for()
    frame = page.frame_locator("iframe").first
    frame.locator("#said", has_text="42").wait_for()


def test_trials_can_be_compared(store, visit):
    *_, experiment, runs = store
    trials = [name for name in runs if name != "small"]
    ids = ",".join(f'"{runs[name]}"' for name in trials)
    page = visit(f'/compare-runs?runs=[{ids}]&experiments=["{experiment}"]')
    for text in (*trials, "log_forget_quality"):
        page.get_by_text(text).first.wait_for()

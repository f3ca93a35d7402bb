"""What becomes of the record when the MLflow server, a real one, goes away while a sweep runs."""

import sqlite3
import time
from contextlib import closing

import pytest

from orchestrator.tracking.child_run import child_run

pytestmark = pytest.mark.slow

NUM_SWEEP_METRICS = 6
"""trials, trials_feasible, trials_failed, trials_stopped, job_hours and one method's best."""


@pytest.fixture
def database(fresh_database, tmp_path):
    """The file that a server keeps its records in."""
    file = tmp_path / "server.db"
    file.write_bytes(fresh_database.read_bytes())
    return file


def rows(database, of="metrics"):
    with closing(sqlite3.connect(database)) as opened:
        return opened.execute(f"select count(*) from {of}").fetchone()[0]


def expected(entries):
    return sum(len(child_run(made).points) for made in entries) + NUM_SWEEP_METRICS


def go_on(tracker, made, folder):
    """Tells the tracker what a job says and comes to; returns the seconds that it was held up."""
    held_s = 0.0
    for report in made.result.reports:
        time.sleep(0.1)
        clock = time.perf_counter()
        tracker.log_report(made.result.job, report)
        held_s += time.perf_counter() - clock
    clock = time.perf_counter()
    tracker.log_entry(made, job_folder=folder)
    return held_s + time.perf_counter() - clock


def test_a_server_that_is_away_for_a_while_costs_no_time_and_no_row_and_doubles_none(
    tmp_path, database, server, entry, begin, runs, job_folder
):
    entries = [entry(number, lr=1e-5 * (number + 1)) for number in range(16)]
    folders = [job_folder(tmp_path, made) for made in entries]
    serving = server(f"sqlite:///{database}")
    before = rows(database)
    tracker = begin(tmp_path, uri=serving.uri, flush_s=0.15)
    held_s = []
    for number, (made, folder) in enumerate(zip(entries, folders, strict=True)):
        if number == 4:
            serving.kill()  # in the midst of what it was writing
        if number == 12:
            assert tracker.complaint is not None
            serving.start()
        held_s.append(go_on(tracker, made, folder))
    tracker.close(finished=True)
    assert tracker.complaint is None
    assert max(held_s) < 0.2
    assert rows(database) - before == expected(entries)
    assert rows(database, "logged_models") == len(entries)
    (sweep,), children = runs(serving.uri)
    assert sweep.info.status == "FINISHED"
    assert {run.info.status for run in children} == {"FINISHED"}
    numbers = sorted(int(run.data.tags["trial"]) for run in children)
    assert numbers == list(range(len(entries)))


def test_what_a_server_that_stays_away_has_not_got_is_added_when_the_sweep_is_run_again(
    tmp_path, database, server, entry, begin, runs, job_folder
):
    entries = [entry(number, lr=1e-5 * (number + 1)) for number in range(6)]
    folders = [job_folder(tmp_path, made) for made in entries]
    serving = server(f"sqlite:///{database}")
    before = rows(database)
    tracker = begin(tmp_path, uri=serving.uri, flush_s=0.15)
    for number, (made, folder) in enumerate(zip(entries, folders, strict=True)):
        if number == 2:
            serving.kill()
        go_on(tracker, made, folder)
    clock = time.perf_counter()
    tracker.close(finished=True)
    assert time.perf_counter() - clock < 15
    assert "run the same command again to add them" in tracker.complaint
    serving.start()
    tracker = begin(tmp_path, uri=serving.uri)
    for made, folder in zip(entries, folders, strict=True):
        tracker.log_entry(made, job_folder=folder)
    tracker.close(finished=True)
    assert tracker.complaint is None
    assert rows(database) - before == expected(entries)
    assert len(runs(serving.uri)[1]) == len(entries)

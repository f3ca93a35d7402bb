"""A sweep's record in PostgreSQL, behind a real MLflow server and without one."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.tracking.child_run import child_run
from tests.fixtures.processes import free_port

pytestmark = pytest.mark.slow

HOMES = "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"


def binary(name):
    """Returns PostgreSQL's program of that name, or skips."""
    found = shutil.which(name)
    for home in HOMES:
        found = found or next(
            (str(file) for file in sorted(Path("/").glob(f"{home[1:]}/{name}"), reverse=True)), None
        )
    if found is None:
        pytest.skip(f"PostgreSQL is not installed: no {name} on PATH or in {', '.join(HOMES)}")
    return found


def other_user(folder):
    """Returns how a command is run so that PostgreSQL, which refuses root, takes it."""
    if os.getuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL refuses to be run by root, and there is no setpriv")
    shutil.chown(folder, "nobody")
    return ["setpriv", "--reuid=nobody", "--regid", str(folder.stat().st_gid), "--clear-groups"]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def postgresql():
    """The address of an empty database of a PostgreSQL server of this test's own."""
    pytest.importorskip("psycopg2", reason="psycopg2 is not installed; it is in the dev extra")
    initdb, server = binary("initdb"), binary("postgres")
    # Not under pytest's folder, which other users may not enter.
    folder = Path(tempfile.mkdtemp(prefix="lethe-postgresql-"))
    process = None
    try:
        user = other_user(folder)
        data, log = folder / "data", folder / "server.log"
        made = subprocess.run(
            [*user, initdb, "-D", data, "-U", "lethe", "-A", "trust", "--no-sync", "-E", "UTF8"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr
        port = free_port()
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*user, server, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"],
                cwd=folder,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while not answers(port):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.1)
        yield f"postgresql+psycopg2://lethe@127.0.0.1:{port}/postgres"
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # its fast way down, connections or none
            process.wait(timeout=30)
        shutil.rmtree(folder)


def ask(uri, sql):
    """Returns the first value of what the database answers; None if it has nothing to say."""
    import psycopg2

    with closing(psycopg2.connect(uri.replace("+psycopg2", ""))) as opened:
        opened.autocommit = True
        cursor = opened.cursor()
        cursor.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None


@pytest.fixture(params=["served", "direct"])
def database(request, postgresql):
    """The address of an empty database, named after how it is used."""
    ask(postgresql, f"create database {request.param}")
    return postgresql.replace("/postgres", f"/{request.param}")


@pytest.fixture
def address(database, server):
    """The store as a sweep may name it: an MLflow server over the database, or the database."""
    return server(database).uri if database.endswith("served") else database


def test_a_sweep_is_recorded_whole_in_postgresql(
    tmp_path, database, address, entry, begin, runs, job_folder, client
):
    entries = [entry(0, lr=1e-4), entry(1, lr=2e-4, retain=0.1), entry(2, lr=3e-4, reason="nan")]
    folders = [job_folder(tmp_path, made) for made in entries]
    for _ in range(2):
        tracker = begin(tmp_path, uri=address, flush_s=0.01)
        for made, folder in zip(entries, folders, strict=True):
            tracker.log_report(made.result.job, made.result.reports[0])
            tracker.log_entry(made, job_folder=folder)
        tracker.mark_front([entries[0].result.job.hash])
        tracker.close(finished=True)
        assert tracker.complaint is None
    store = client(address)
    experiment = store.get_experiment_by_name("demo").experiment_id

    def names(query):
        return [run.info.run_name for run in store.search_runs([experiment], query)]

    assert names("tags.on_front = 'true'") == ["npo_l1 lr 1e-4 l1 2e-3 beta 0.1"]
    assert names("metrics.retain < 0.5") == ["npo_l1 lr 2e-4 l1 2e-3 beta 0.1"]
    assert names("tags.status = 'failed'") == ["npo_l1 lr 3e-4 l1 2e-3 beta 0.1"]
    assert names("params.lr = '0.0002'") == ["npo_l1 lr 2e-4 l1 2e-3 beta 0.1"]
    sweep_metrics = 6  # trials, three of their endings, job_hours, one method's best
    points = sum(len(child_run(made).points) for made in entries)
    assert ask(database, "select count(*) from metrics") == points + sweep_metrics

import sqlite3
from contextlib import closing

import pytest

from orchestrator.tracking.child_run import child_run


def lose_answers(monkeypatch, name, *, done, times=1):
    """Has MLflow's client fail at a call, before or after the store has done what it was asked."""
    from mlflow import MlflowClient

    real, lost = getattr(MlflowClient, name), []

    def call(self, *arguments, **more):
        if len(lost) == times:
            return real(self, *arguments, **more)
        lost.append(name)
        if done:
            real(self, *arguments, **more)
        raise ConnectionError("reset by peer")

    monkeypatch.setattr(MlflowClient, name, call)
    return lost


def rows(storage, run):
    with closing(sqlite3.connect(storage / "mlflow.db")) as database:
        sql = "select count(*) from metrics where run_uuid = ?"
        return database.execute(sql, (run.info.run_id,)).fetchone()[0]


@pytest.mark.slow
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "name", ["create_run", "log_batch", "log_inputs", "log_artifacts", "set_terminated"]
)
def test_a_call_of_which_nobody_knows_whether_it_was_heard_is_made_again_and_doubles_nothing(
    storage, entry, begin, runs, job_folder, monkeypatch, wait_until, name, done
):
    made = entry()
    folder = job_folder(storage, made)
    tracker = begin(storage)
    wait_until(lambda: runs(storage)[0] and "methods" in runs(storage)[0][0].data.tags)
    lost = lose_answers(monkeypatch, name, done=done)
    tracker.log_entry(made, job_folder=folder)
    tracker.close(finished=True)
    assert lost == [name]
    assert tracker.complaint is None
    _, (run,) = runs(storage)
    assert run.info.status == "FINISHED"
    assert rows(storage, run) == len(child_run(made).points)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", ["create_run", "log_batch"])
def test_nor_does_it_double_what_a_running_job_says(
    storage, entry, begin, runs, monkeypatch, wait_until, name, done
):
    made = entry()
    tracker = begin(storage, flush_s=0.01)
    wait_until(lambda: runs(storage)[0] and "methods" in runs(storage)[0][0].data.tags)
    lost = lose_answers(monkeypatch, name, done=done)
    tracker.log_report(made.result.job, made.result.reports[0])
    wait_until(lambda: lost)
    tracker.log_report(made.result.job, made.result.reports[1])
    tracker.log_entry(made, job_folder=storage / "nowhere")
    tracker.close(finished=True)
    assert tracker.complaint is None
    _, (run,) = runs(storage)
    assert run.info.status == "FINISHED"
    assert rows(storage, run) == len(child_run(made).points)


def test_two_runs_of_one_job_become_one_when_the_sweep_is_opened_again(
    storage, entry, record, runs, client
):
    made = entry()
    record(storage, [made])
    (sweep,), (run,) = runs(storage)
    twin = client(storage).create_run(
        run.info.experiment_id,
        tags={"job": made.result.job.hash, "mlflow.parentRunId": sweep.info.run_id},
    )
    record(storage, [made])
    assert [child.info.run_id for child in runs(storage)[1]] == [run.info.run_id]
    assert client(storage).get_run(twin.info.run_id).info.lifecycle_stage == "deleted"

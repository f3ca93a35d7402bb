import json
import shutil
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from evals.choice import Choice
from evals.errors import ConfigError
from evals.settings import EvaluationSettings
from orchestrator.entry import Entry
from orchestrator.result import Result, State
from orchestrator.storing.weights import remove_adapter
from orchestrator.tracking import tracker as tracking
from orchestrator.tracking.child_run import child_run
from orchestrator.tracking.settings import TrackingSettings
from orchestrator.tracking.tracker import Place, Tracker
from trainers.job import Job, Phase, Report
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings

REPORTS = tuple(Report(step, 4, {"loss": 1.0 / step}) for step in (1, 2, 3, 4))


def entry(number=0, *, lr=1e-4, reason="", retain=0.72, num_reports=4):
    job = Job(
        phase=Phase.TRIAL,
        benchmark=Choice(name="characters", settings={"num_people": 20}),
        model=Choice(name="tiny_llama"),
        training=TrainingSettings(lr=lr, l1=2e-3),
        adapter=AdapterSettings(),
        engine=EngineSettings(),
        evaluation=EvaluationSettings(),
        seed=7,
        method=Choice(name="npo", settings={"beta": 0.1}),
        base="0" * 16,
        data="data",
        weights="weights",
        version="1",
    )
    result = Result(
        job=job,
        state=State.FAILED if reason else State.DONE,
        reason=reason,
        metrics={} if reason else {"retain": retain, "log_forget_quality": -3.0},
        facts={} if reason else {"moved": 1.0, "final_loss": float("nan")},
        wall_s=8.0,
        reports=REPORTS[:num_reports],
        started_at=1_700_000_000.25,
    )
    missed = None if reason else {"retain.at_least": 0.7 - retain}
    return Entry("npo_l1", result, number, {"lr": lr, "l1": 2e-3, "beta": 0.1}, missed)


def job_folder(storage, made):
    folder = storage / "jobs" / made.result.job.hash
    (folder / "adapter").mkdir(parents=True)
    for name in ("job.json", "result.json", "scores.json"):
        (folder / name).write_text("{}", encoding="utf-8")
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"weights")
    return folder


@pytest.fixture(scope="module")
def fresh_database(tmp_path_factory):
    """An empty MLflow database; making one takes seconds, copying it none."""
    storage = tmp_path_factory.mktemp("template")
    tracker = Tracker.open(TrackingSettings(experiment="x"), place_in(storage), config_json="{}")
    tracker.close(finished=True)
    assert tracker.complaint is None
    return storage / "mlflow.db"


@pytest.fixture
def storage(fresh_database, tmp_path):
    shutil.copy(fresh_database, tmp_path / "mlflow.db")
    return tmp_path


def place_in(storage, name="demo"):
    return Place(name=name, folder=storage / "sweeps" / name, storage=storage)


def begin(storage, *, name="demo", config_json='{"seed": 0}', **settings):
    made = TrackingSettings(**settings)
    return Tracker.open(made, place_in(storage, name), config_json=config_json)


def record(storage, entries, **settings):
    """Runs one sweep's tracker over `entries` from beginning to end."""
    tracker = begin(storage, **settings)
    for made in entries:
        tracker.log_entry(made, job_folder=storage / "jobs" / made.result.job.hash)
    tracker.close(finished=True)
    assert tracker.complaint is None


def client(storage):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{storage}/mlflow.db")


def runs(storage):
    """Returns (the sweeps' runs, the jobs' runs)."""
    store = client(storage)
    experiment = store.get_experiment_by_name("lethe")
    found = store.search_runs([experiment.experiment_id])
    children = [run for run in found if "mlflow.parentRunId" in run.data.tags]
    return [run for run in found if run not in children], children


def test_a_sweep_is_one_run_with_a_child_run_for_each_job(storage):
    record(storage, [entry(0), entry(1, lr=2e-4)])
    sweeps, children = runs(storage)
    assert len(sweeps) == 1
    parents = {run.data.tags["mlflow.parentRunId"] for run in children}
    assert parents == {sweeps[0].info.run_id}
    assert sorted(run.info.run_name for run in children) == ["npo_l1 0", "npo_l1 1"]
    assert sweeps[0].info.status == "FINISHED"


def test_a_job_keeps_its_tags_parameters_and_metrics(storage):
    made = entry(3)
    record(storage, [made])
    run = runs(storage)[1][0]
    expected = {
        "method": "npo_l1",
        "phase": "trial",
        "state": "done",
        "feasible": "true",
        "trial": "3",
        "seed": "7",
        "job": made.result.job.hash,
    }
    assert expected.items() <= run.data.tags.items()
    params = {"lr": "0.0001", "l1": "0.002", "beta": "0.1", "method": "npo"}
    more = {"adapter.rank": "8", "engine.zero_stage": "2", "benchmark.num_people": "20"}
    assert {**params, **more}.items() <= run.data.params.items()
    assert run.data.metrics["retain"] == 0.72
    assert run.data.metrics["log_forget_quality"] == -3.0
    assert run.data.metrics["violation/retain.at_least"] == pytest.approx(-0.02)
    assert run.data.metrics["final_loss"] != run.data.metrics["final_loss"]
    assert (run.info.start_time, run.info.end_time) == (1_700_000_000_250, 1_700_000_008_250)


def test_the_training_curve_is_kept_step_by_step(storage):
    record(storage, [entry()])
    run = runs(storage)[1][0]
    history = client(storage).get_metric_history(run.info.run_id, "train/loss")
    assert [(point.step, point.value) for point in history] == [(s, 1.0 / s) for s in (1, 2, 3, 4)]
    assert history[-1].timestamp == 1_700_000_008_250


def test_a_curve_longer_than_one_call_takes_is_whole(storage):
    made = entry()
    reports = tuple(Report(s, 900, {"loss": 1.0 / s, "lr": 1e-4}) for s in range(1, 901))
    record(storage, [replace(made, result=replace(made.result, reports=reports))])
    run_id = runs(storage)[1][0].info.run_id
    assert len(client(storage).get_metric_history(run_id, "train/loss")) == 900
    assert len(client(storage).get_metric_history(run_id, "train/lr")) == 900


def test_a_failed_job_is_a_failed_run_with_its_reason(storage):
    record(storage, [entry(reason="the loss is nan at step 7")])
    run = runs(storage)[1][0]
    assert run.info.status == "FAILED"
    assert run.data.tags["reason"] == "the loss is nan at step 7"
    assert run.data.tags["feasible"] == "false"


def test_the_files_of_a_job_are_kept_with_its_adapter(storage):
    made = entry()
    job_folder(storage, made)
    record(storage, [made])
    run_id = runs(storage)[1][0].info.run_id
    kept = {file.path for file in client(storage).list_artifacts(run_id)}
    assert kept == {"adapter", "job.json", "result.json", "scores.json"}
    assert list((storage / "mlartifacts").rglob("adapter_model.safetensors"))


def test_adapters_are_left_out_when_they_are_not_wanted(storage):
    made = entry()
    job_folder(storage, made)
    record(storage, [made], log_adapters=False)
    run_id = runs(storage)[1][0].info.run_id
    assert "adapter" not in {file.path for file in client(storage).list_artifacts(run_id)}


def test_the_same_sweep_run_again_adds_what_is_new_and_doubles_nothing(storage):
    record(storage, [entry(0), entry(1, lr=2e-4)])
    record(storage, [entry(0), entry(1, lr=2e-4), entry(2, lr=3e-4)])
    sweeps, children = runs(storage)
    assert len(sweeps) == 1
    assert sorted(run.info.run_name for run in children) == ["npo_l1 0", "npo_l1 1", "npo_l1 2"]
    history = client(storage).get_metric_history(children[0].info.run_id, "train/loss")
    assert len(history) == 4


def test_a_run_that_was_cut_off_is_completed_in_place(storage):
    made = entry()
    record(storage, [made])
    run_id = runs(storage)[1][0].info.run_id
    client(storage).update_run(run_id, status="RUNNING")
    record(storage, [made])
    children = runs(storage)[1]
    assert [run.info.run_id for run in children] == [run_id]
    assert children[0].info.status == "FINISHED"
    assert len(client(storage).get_metric_history(run_id, "train/loss")) == 4


def test_a_sweep_of_the_same_name_elsewhere_is_another_run(storage):
    record(storage, [entry()])
    shutil.rmtree(storage / "sweeps")
    record(storage, [entry()])
    assert len(runs(storage)[0]) == 2


def test_the_sweeps_run_keeps_its_config_and_tables(storage):
    tracker = begin(storage, config_json='{"seed": 11}')
    (storage / "table.md").write_text("| a |", encoding="utf-8")
    tracker.log_tables([storage / "table.md"])
    tracker.close(finished=False)
    run = runs(storage)[0][0]
    assert run.info.status == "KILLED"
    folder = Path(run.info.artifact_uri.removeprefix("file://"))
    assert json.loads((folder / "config.json").read_text(encoding="utf-8")) == {"seed": 11}
    assert (folder / "tables" / "table.md").read_text(encoding="utf-8") == "| a |"


def test_nothing_that_goes_wrong_in_mlflow_harms_the_sweep(storage):
    tracker = begin(storage)
    tracker.log_tables([storage / "is_not_there.csv"])
    tracker.log_entry(entry(), job_folder=storage / "nowhere")
    tracker.close(finished=True)
    assert len(runs(storage)[1]) == 1
    assert "1 records did not reach MLflow" in tracker.complaint
    assert "is_not_there.csv" in tracker.complaint


def test_a_store_that_is_gone_does_not_hold_up_the_end(storage):
    tracker = begin(storage)
    attempts = []

    def fail(session):
        attempts.append(session)
        raise ConnectionError("the server is gone")

    for _ in range(50):
        tracker._later(fail)
    tracker._closing = True
    tracker.close(finished=True)
    assert len(attempts) <= 50 + 3
    assert len(tracker._missed) == 51
    assert "51 records did not reach MLflow (the server is gone)" in tracker.complaint


def test_what_was_missed_is_tried_once_more_at_the_end(storage):
    tracker = begin(storage)
    late = storage / "table.csv"
    tracker.log_tables([late])
    tracker._writer.submit(lambda: None).result()
    assert tracker.complaint is not None
    late.write_text("a\n", encoding="utf-8")
    tracker.close(finished=True)
    assert tracker.complaint is None


def test_recording_one_job_takes_little_time_and_the_sweep_none(storage):
    tracker = begin(storage)
    entries = [entry(number, lr=1e-5 * (number + 1)) for number in range(10)]
    folders = [job_folder(storage, made) for made in entries]
    before_s = tracker._writer.submit(time.thread_time).result()
    clock = time.perf_counter()
    for made, folder in zip(entries, folders, strict=True):
        tracker.log_entry(made, job_folder=folder)
    assert time.perf_counter() - clock < 0.01 * len(entries)
    # The writer's own time, as the wall clock depends on who else uses the machine.
    spent_s = tracker._writer.submit(time.thread_time).result() - before_s
    assert spent_s < 0.15 * len(entries)
    tracker.close(finished=True)
    assert len(runs(storage)[1]) == len(entries)


def test_recording_follows_from_the_entry_alone():
    assert repr(child_run(entry())) == repr(child_run(entry()))


def test_infinities_are_left_out_of_the_record_as_stores_would_clip_them():
    made = entry()
    result = replace(made.result, metrics={"retain": 0.7, "log_forget_quality": float("-inf")})
    names = {point.name for point in child_run(replace(made, result=result)).points}
    assert "retain" in names
    assert "log_forget_quality" not in names


def test_a_server_that_is_not_there_is_refused_at_once(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    clock = time.perf_counter()
    with pytest.raises(ConfigError, match=f"tracking.uri must .* 'http://127.0.0.1:{port}'"):
        begin(tmp_path, uri=f"http://127.0.0.1:{port}")
    assert time.perf_counter() - clock < 5
    assert not list(tmp_path.iterdir())


def test_a_store_that_mlflow_does_not_know_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="tracking.uri must"):
        begin(tmp_path, uri="ftp://127.0.0.1/mlflow")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "mlflow.db").write_text("this is not a database" * 100, encoding="utf-8")
    with pytest.raises(ConfigError, match="not a database"):
        begin(tmp_path)


def test_a_deleted_experiment_is_refused_with_the_cure(storage):
    record(storage, [])
    store = client(storage)
    store.delete_experiment(store.get_experiment_by_name("lethe").experiment_id)
    with pytest.raises(ConfigError, match=r"tracking\.experiment .* deleted"):
        begin(storage)


def test_the_line_that_opens_the_ui_names_the_database(storage):
    tracker = begin(storage)
    assert f"--backend-store-uri sqlite:///{storage}/mlflow.db" in tracker.how_to_open
    tracker.close(finished=True)


def test_a_database_whose_making_was_cut_off_is_made_anew(tmp_path):
    (tmp_path / ".mlflow.db.part").write_bytes(b"half a database")
    (tmp_path / ".mlflow.db.part-journal").write_bytes(b"and what was to be written next")
    tracker = begin(tmp_path)
    tracker.close(finished=True)
    assert tracker.complaint is None
    assert sorted(file.name for file in tmp_path.glob("*mlflow.db*")) == ["mlflow.db"]
    assert len(runs(tmp_path)[0]) == 1


def test_a_tracker_that_is_closed_stays_as_it_is(storage):
    tracker = begin(storage)
    tracker.close(finished=False)
    tracker.close(finished=True)
    assert [run.info.status for run in runs(storage)[0]] == ["KILLED"]


def test_an_adapter_that_is_no_longer_kept_goes_from_mlflow_too_and_the_rest_stays(storage):
    made = entry(0)
    folder = job_folder(storage, made)
    tracker = begin(storage)
    tracker.log_entry(made, job_folder=folder)
    remove_adapter(folder, "disk.quota")
    tracker.forget_adapter(made.result.job.hash)
    tracker.forget_adapter("unknown")
    tracker.close(finished=True)
    assert tracker.complaint is None
    _, (run,) = runs(storage)
    files = {item.path for item in client(storage).list_artifacts(run.info.run_id)}
    assert files == {"job.json", "result.json", "scores.json"}
    assert run.data.tags["weights"] == "removed"
    assert run.info.status == "FINISHED"


def test_an_adapter_that_is_removed_while_it_is_copied_is_no_failure(storage, monkeypatch):
    from mlflow import MlflowClient

    made = entry(0)
    folder = job_folder(storage, made)

    def copy(self, run_id, local_dir, artifact_path=None):
        remove_adapter(folder, "disk.quota")
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(MlflowClient, "log_artifacts", copy)
    record(storage, [made])
    _, (run,) = runs(storage)
    assert run.info.status == "FINISHED"


def test_a_full_disk_costs_no_sweep_and_what_is_missing_is_added_once_there_is_room(
    small_disk, fresh_database
):
    storage = small_disk.folder
    shutil.copy(fresh_database, storage / "mlflow.db")
    tracker = begin(storage)
    made = [entry(i, lr=1e-4 * (i + 1)) for i in range(3)]
    folders = [job_folder(storage, each) for each in made]
    small_disk.fill()
    for each, folder in zip(made, folders, strict=True):
        tracker.log_entry(each, job_folder=folder)
    tracker._writer.submit(int).result()  # all of them were tried by now
    assert tracker.complaint is not None
    small_disk.empty()
    tracker.close(finished=True)
    assert tracker.complaint is None
    (sweep,), children = runs(storage)
    assert [run.info.status for run in (sweep, *children)] == ["FINISHED"] * 4
    for run in children:
        rows = client(storage).get_metric_history(run.info.run_id, "train/loss")
        assert len(rows) == len(REPORTS)


def test_a_store_that_could_not_be_made_on_a_full_disk_is_made_later(storage, monkeypatch):
    (storage / "mlflow.db").unlink()
    begun, real = [], tracking.begin_session

    def begin_late(*arguments):
        begun.append(arguments)
        if len(begun) < 3:
            raise OSError(28, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(tracking, "begin_session", begin_late)
    made = entry(0)
    folder = job_folder(storage, made)
    tracker = begin(storage)
    tracker.log_entry(made, job_folder=folder)
    tracker.close(finished=True)
    assert tracker.complaint is None
    assert len(begun) == 3
    assert len(runs(storage)[1]) == 1


def test_a_job_that_was_run_again_has_one_run_and_that_is_the_later_one(storage):
    early = entry(retain=0.3)
    early = replace(early, result=replace(early.result, stopped="stopped at step 2", guard="g"))
    job_folder(storage, early)
    record(storage, [early])
    whole = entry(retain=0.8)
    whole = replace(whole, result=replace(whole.result, started_at=1_700_000_900.0))
    record(storage, [whole])
    record(storage, [whole])
    experiment = client(storage).get_experiment_by_name("lethe")
    runs = client(storage).search_runs([experiment.experiment_id], "tags.phase = 'trial'")
    assert [run.data.metrics["retain"] for run in runs] == [0.8]
    assert "stopped" not in runs[0].data.tags
    assert len(client(storage).get_metric_history(runs[0].info.run_id, "retain")) == 1

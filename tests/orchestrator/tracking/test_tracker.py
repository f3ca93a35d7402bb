import json
import shutil
import time
from dataclasses import replace
from importlib.metadata import version

import pytest

from evals.errors import ConfigError
from orchestrator.limits.steering import Steered
from orchestrator.storage.files import sweep_path
from orchestrator.storage.weights import remove_weights
from orchestrator.tracking import store as store_module
from orchestrator.tracking import tracker as tracker_module
from tests.fixtures.processes import free_port
from trainers.job import Report

pytestmark = pytest.mark.slow  # each makes a database

FILES = {
    "job.json",
    "result.json",
    "scores.json",
    "evaluation.json",
    "log.txt",
    "deepspeed.json",
}


def test_a_sweep_is_one_run_with_a_child_run_for_each_job(storage, entry, record, runs):
    record(storage, [entry(0), entry(1, lr=2e-4)])
    sweeps, children = runs(storage)
    assert len(sweeps) == 1
    parents = {run.data.tags["mlflow.parentRunId"] for run in children}
    assert parents == {sweeps[0].info.run_id}
    assert sorted(run.info.run_name for run in children) == [
        "npo_l1 lr 1e-4 l1 2e-3 beta 0.1",
        "npo_l1 lr 2e-4 l1 2e-3 beta 0.1",
    ]
    assert sweeps[0].info.status == "FINISHED"


def test_a_job_keeps_its_tags_parameters_and_metrics(storage, entry, record, runs):
    made = entry(3)
    record(storage, [made])
    run = runs(storage)[1][0]
    expected = {
        "method": "npo_l1",
        "phase": "trial",
        "modality": "text",
        "status": "done",
        "feasible": "true",
        "on_front": "false",
        "version": "1",
        "base": "0" * 16,
        "fingerprint.data": "d" * 64,
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
    assert run.data.metrics["system/peak_memory_megabytes"] == 500.0
    (used,) = run.inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("characters", "d" * 36)
    assert (run.info.start_time, run.info.end_time) == (1_700_000_000_250, 1_700_000_008_250)


def test_the_training_curve_is_kept_step_by_step(storage, entry, record, runs, client):
    record(storage, [entry()])
    run = runs(storage)[1][0]
    history = client(storage).get_metric_history(run.info.run_id, "train/loss")
    assert [(point.step, point.value) for point in history] == [(s, 1.0 / s) for s in (1, 2, 3, 4)]
    assert history[-1].timestamp == 1_700_000_008_250


def test_a_curve_longer_than_one_call_takes_is_whole(storage, entry, record, runs, client):
    made = entry()
    reports = tuple(Report(s, 900, {"loss": 1.0 / s, "lr": 1e-4}) for s in range(1, 901))
    record(storage, [replace(made, result=replace(made.result, reports=reports))])
    run_id = runs(storage)[1][0].info.run_id
    assert len(client(storage).get_metric_history(run_id, "train/loss")) == 900
    assert len(client(storage).get_metric_history(run_id, "train/lr")) == 900


def test_a_failed_job_is_a_failed_run_with_its_reason(storage, entry, record, runs):
    record(storage, [entry(reason="the loss is nan at step 7")])
    run = runs(storage)[1][0]
    assert run.info.status == "FAILED"
    assert run.data.tags["reason"] == "the loss is nan at step 7"
    assert run.data.tags["feasible"] == "false"


def test_the_files_of_a_job_are_kept_with_its_adapter(
    storage, entry, record, runs, client, job_folder
):
    made = entry()
    job_folder(storage, made)
    record(storage, [made])
    run_id = runs(storage)[1][0].info.run_id
    kept = {file.path for file in client(storage).list_artifacts(run_id)}
    assert kept == {"adapter", *FILES}
    assert list((storage / "mlartifacts").rglob("adapter_model.safetensors"))


def test_adapters_are_left_out_when_they_are_not_wanted(
    storage, entry, record, runs, client, job_folder
):
    made = entry()
    job_folder(storage, made)
    record(storage, [made], log_adapters=False)
    run_id = runs(storage)[1][0].info.run_id
    assert "adapter" not in {file.path for file in client(storage).list_artifacts(run_id)}


def test_the_same_sweep_run_again_adds_what_is_new_and_doubles_nothing(
    storage, entry, record, runs, client
):
    record(storage, [entry(0), entry(1, lr=2e-4)])
    record(storage, [entry(0), entry(1, lr=2e-4), entry(2, lr=3e-4)])
    sweeps, children = runs(storage)
    assert len(sweeps) == 1
    assert sorted(run.data.tags["trial"] for run in children) == ["0", "1", "2"]
    history = client(storage).get_metric_history(children[0].info.run_id, "train/loss")
    assert len(history) == 4


def test_a_run_that_was_cut_off_is_completed_in_place(storage, entry, record, runs, client):
    made = entry()
    record(storage, [made])
    run_id = runs(storage)[1][0].info.run_id
    client(storage).update_run(run_id, status="RUNNING")
    record(storage, [made])
    children = runs(storage)[1]
    assert [run.info.run_id for run in children] == [run_id]
    assert children[0].info.status == "FINISHED"
    assert len(client(storage).get_metric_history(run_id, "train/loss")) == 4


def test_a_sweep_of_the_same_name_elsewhere_is_another_run_in_another_experiment(
    storage, entry, record, runs, client
):
    for _ in range(2):
        record(storage, [entry()])
        shutil.rmtree(storage / "sweeps")
    names = {
        run.data.tags["sweep_id"]: client(storage).get_experiment(run.info.experiment_id).name
        for run in runs(storage)[0]
    }
    own = [f"demo {identity[:8]}" for identity in names]
    assert sorted(names.values()) in [sorted(["demo", each]) for each in own]


def test_sweeps_may_share_an_experiment_of_any_name(storage, entry, record, runs, client):
    name = "команда/забыть 1"
    for _ in range(2):
        record(storage, [entry()], experiment=name)
        shutil.rmtree(storage / "sweeps")
    (sweep, other), _ = runs(storage)
    assert sweep.info.experiment_id == other.info.experiment_id
    assert client(storage).get_experiment(sweep.info.experiment_id).name == name


def test_a_new_sweep_looks_for_its_run_nowhere_and_one_that_was_begun_everywhere(
    storage, entry, record, runs, monkeypatch
):
    asked, search = [], store_module.searched_experiments
    monkeypatch.setattr(
        store_module, "searched_experiments", lambda *args: asked.append(args) or search(*args)
    )
    record(storage, [entry()])
    assert asked == []
    record(storage, [entry()])
    assert len(asked) == len(runs(storage)[0]) == 1


def test_a_sweep_goes_on_in_the_experiment_in_which_it_was_begun(storage, entry, record, runs):
    record(storage, [entry(0)], experiment="lethe")
    record(storage, [entry(0), entry(1, lr=2e-4)])
    (sweep,), children = runs(storage)
    assert {run.info.experiment_id for run in children} == {sweep.info.experiment_id}
    assert len(children) == 2


def test_an_experiment_that_is_somebody_elses_is_left_alone(storage, record, runs, client):
    theirs = client(storage).create_experiment("demo")
    record(storage, [])
    ((sweep,), _) = runs(storage)
    assert sweep.info.experiment_id != theirs


def test_a_sweep_whose_identity_was_deleted_goes_on_with_the_runs_of_its_folder(
    storage, entry, record, runs
):
    folder = storage / sweep_path("demo")
    record(storage, [entry()])
    (folder / "config.json").write_text("{}")  # it was begun
    identity = (folder / "sweep.id").read_text()
    (folder / "sweep.id").unlink()
    record(storage, [entry()])
    sweeps, children = runs(storage)
    assert (len(sweeps), len(children)) == (1, 1)
    assert (folder / "sweep.id").read_text() == identity
    folder.rename(folder.with_name("copy"))
    (folder.with_name("copy") / "sweep.id").unlink()
    record(storage, [entry()], name="copy")
    assert len(runs(storage)[0]) == 2, "of another folder nothing is known"


def test_the_sweeps_run_keeps_its_config_and_tables(storage, runs, begin, artifact, config_json):
    tracker = begin(storage)
    (storage / "table.md").write_text("| a |", encoding="utf-8")
    tracker.log_files([storage / "table.md"])
    tracker.close(finished=False)
    run = runs(storage)[0][0]
    assert run.info.status == "KILLED"
    kept = json.loads(artifact(run, "config.json").read_text(encoding="utf-8"))
    assert kept == json.loads(config_json)
    assert artifact(run, "tables/table.md").read_text(encoding="utf-8") == "| a |"
    assert note(run).startswith("| a |\n\nA search for the best log_forget_quality")


def test_a_sweep_that_leaves_is_summed_up_once_it_has_ended(storage, runs, begin, client, entry):
    def points() -> int:
        [sweep] = runs(storage)[0]
        return len(client(storage).get_metric_history(sweep.info.run_id, "job_hours"))

    for finished in (False, True):
        tracker = begin(storage)
        tracker.log_entry(entry(), job_folder=storage)
        tracker.close(finished=finished)
        assert points() == finished


def test_a_server_that_is_not_there_is_refused_at_once(tmp_path, begin):
    port = free_port()
    clock = time.perf_counter()
    with pytest.raises(ConfigError, match=f"tracking.uri must .* 'http://127.0.0.1:{port}'"):
        begin(tmp_path, uri=f"http://127.0.0.1:{port}")
    assert time.perf_counter() - clock < 5
    assert not list(tmp_path.iterdir())


def test_a_store_that_mlflow_does_not_know_is_refused(tmp_path, begin):
    with pytest.raises(ConfigError, match="tracking.uri must"):
        begin(tmp_path, uri="ftp://127.0.0.1/mlflow")


def test_a_file_that_is_no_database_is_refused(tmp_path, begin):
    (tmp_path / "mlflow.db").write_text("this is not a database" * 100, encoding="utf-8")
    with pytest.raises(ConfigError, match="not a database"):
        begin(tmp_path)


def test_a_deleted_experiment_is_refused_with_the_cure(storage, record, client, begin):
    record(storage, [])
    store = client(storage)
    deleted = store.get_experiment_by_name("demo").experiment_id
    store.delete_experiment(deleted)
    with pytest.raises(ConfigError, match=rf"tracking\.experiment .* restore -x {deleted}\)"):
        begin(storage)
    begin(storage, experiment="other").close(finished=True)
    assert store.get_experiment_by_name("other") is not None


def test_the_line_that_opens_the_ui_names_the_database_and_the_list_of_runs(storage, begin, client):
    tracker = begin(storage)
    assert f"--backend-store-uri sqlite:///{storage}/mlflow.db" in tracker.how_to_open
    experiment = client(storage).get_experiment_by_name("demo").experiment_id
    assert tracker.how_to_open.endswith(
        f"/#/experiments/{experiment}/runs?workflowType=machine_learning"
    )
    tracker.close(finished=True)


def test_a_database_whose_making_was_cut_off_is_made_anew(tmp_path, runs, begin):
    (tmp_path / ".mlflow.db.part").write_bytes(b"half a database")
    (tmp_path / ".mlflow.db.part-journal").write_bytes(b"and what was to be written next")
    tracker = begin(tmp_path)
    tracker.close(finished=True)
    assert tracker.complaint is None
    assert sorted(file.name for file in tmp_path.glob("*mlflow.db*")) == ["mlflow.db"]
    assert len(runs(tmp_path)[0]) == 1


def test_a_tracker_that_is_closed_stays_as_it_is(storage, runs, begin):
    tracker = begin(storage)
    tracker.close(finished=False)
    tracker.close(finished=True)
    assert [run.info.status for run in runs(storage)[0]] == ["KILLED"]


def test_an_adapter_that_is_no_longer_kept_goes_from_mlflow_too_and_the_rest_stays(
    storage, entry, runs, client, begin, job_folder
):
    made = entry(0)
    folder = job_folder(storage, made)
    tracker = begin(storage)
    tracker.log_entry(made, job_folder=folder)
    remove_weights(folder, "disk.quota")
    tracker.forget_adapter(made.result.job.hash)
    tracker.forget_adapter("unknown")
    tracker.close(finished=True)
    assert tracker.complaint is None
    _, (run,) = runs(storage)
    files = {item.path for item in client(storage).list_artifacts(run.info.run_id)}
    assert files == FILES
    assert run.data.tags["weights"] == "removed"
    assert run.info.status == "FINISHED"


def test_an_adapter_that_is_removed_while_it_is_copied_is_no_failure(
    storage, monkeypatch, entry, record, runs, job_folder
):
    from mlflow import MlflowClient

    made = entry(0)
    folder = job_folder(storage, made)

    copied = MlflowClient.log_artifacts

    def copy(self, run_id, local_dir, artifact_path=None):
        if artifact_path != "adapter":
            return copied(self, run_id, local_dir, artifact_path)
        remove_weights(folder, "disk.quota")
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(MlflowClient, "log_artifacts", copy)
    record(storage, [made])
    _, (run,) = runs(storage)
    assert run.info.status == "FINISHED"


def test_a_full_disk_costs_no_sweep_and_what_is_missing_is_added_once_there_is_room(
    small_disk, fresh_database, entry, runs, client, begin, job_folder, wait_until
):
    storage = small_disk.folder
    shutil.copy(fresh_database, storage / "mlflow.db")
    tracker = begin(storage)
    made = [entry(i, lr=1e-4 * (i + 1)) for i in range(3)]
    folders = [job_folder(storage, each) for each in made]
    small_disk.fill()
    for each, folder in zip(made, folders, strict=True):
        tracker.log_entry(each, job_folder=folder)
    wait_until(lambda: tracker.complaint is not None)
    small_disk.empty()
    tracker.close(finished=True)
    assert tracker.complaint is None
    (sweep,), children = runs(storage)
    assert [run.info.status for run in (sweep, *children)] == ["FINISHED"] * 4
    for run in children:
        rows = client(storage).get_metric_history(run.info.run_id, "train/loss")
        assert len(rows) == 4


def test_a_store_that_could_not_be_made_on_a_full_disk_is_made_later(
    storage, monkeypatch, entry, runs, begin, job_folder, wait_until
):
    (storage / "mlflow.db").unlink()
    begun, real = [], tracker_module.begin_session

    def begin_late(*arguments):
        begun.append(arguments)
        if len(begun) < 3:
            raise OSError(28, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(tracker_module, "begin_session", begin_late)
    made = entry(0)
    folder = job_folder(storage, made)
    tracker = begin(storage)
    tracker.log_entry(made, job_folder=folder)
    wait_until(lambda: len(begun) >= 2)
    tracker.close(finished=True)
    assert tracker.complaint is None
    assert len(begun) >= 3
    assert len(runs(storage)[1]) == 1


def test_a_job_that_was_run_again_has_one_run_and_that_is_the_later_one(
    storage, entry, record, client, job_folder
):
    early = entry(retain=0.3)
    early = replace(early, result=replace(early.result, stopped="stopped at step 2", guard="g"))
    job_folder(storage, early)
    record(storage, [early])
    whole = entry(retain=0.8)
    whole = replace(whole, result=replace(whole.result, started_at=1_700_000_900.0))
    record(storage, [whole])
    record(storage, [whole])
    experiment = client(storage).get_experiment_by_name("demo")
    runs = client(storage).search_runs([experiment.experiment_id], "tags.phase = 'trial'")
    assert [run.data.metrics["retain"] for run in runs] == [0.8]
    assert "stopped" not in runs[0].data.tags
    assert len(client(storage).get_metric_history(runs[0].info.run_id, "retain")) == 1


def test_nothing_that_goes_wrong_in_mlflow_harms_the_sweep(storage, entry, begin, runs):
    tracker = begin(storage)
    tracker.log_files([storage / "is_not_there.csv"])
    tracker.log_entry(entry(), job_folder=storage / "nowhere")
    tracker.close(finished=True)
    assert len(runs(storage)[1]) == 1
    assert "1 records did not reach MLflow" in tracker.complaint
    assert "is_not_there.csv" in tracker.complaint


def test_what_was_missed_is_tried_once_more_at_the_end(storage, begin, wait_until):
    tracker = begin(storage)
    late = storage / "table.csv"
    tracker.log_files([late])
    wait_until(lambda: tracker.complaint is not None)
    late.write_text("a\n", encoding="utf-8")
    tracker.close(finished=True)
    assert tracker.complaint is None


def test_recording_takes_the_sweep_no_time(storage, entry, begin, runs, job_folder):
    tracker = begin(storage)
    entries = [entry(number, lr=1e-5 * (number + 1)) for number in range(10)]
    folders = [job_folder(storage, made) for made in entries]
    began_s = time.thread_time()  # as the wall clock depends on who else uses the machine
    for made, folder in zip(entries, folders, strict=True):
        tracker.log_entry(made, job_folder=folder)
    assert time.thread_time() - began_s < 0.01 * len(entries)
    tracker.close(finished=True)
    assert len(runs(storage)[1]) == len(entries)


def test_a_run_says_what_it_was_and_how_to_repeat_it(storage, entry, record, runs):
    made = entry(3)
    record(storage, [made])
    (sweep,), (run,) = runs(storage)
    assert f"`python -m orchestrator.repeat {made.result.job.hash} --storage {storage}`" in note(
        run
    )
    assert f"`python -m orchestrator.sweep --resume {storage}/sweeps/demo`" in note(sweep)


def note(run):
    return run.data.tags["mlflow.note.content"]


def test_the_items_of_an_evaluation_are_a_table_of_mlflow(
    storage, entry, record, client, runs, job_folder, monkeypatch
):
    made = entry()
    job_folder(storage, made)
    record(storage, [made])
    _, (run,) = runs(storage)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{storage}/mlflow.db")
    found = client(storage).load_table(run.info.experiment_id, "evaluation.json")
    assert list(found["id"]) == ["p00", "p01"]
    assert list(found["truth"]) == ["Berlin", "Rome"]


def test_a_run_says_which_code_made_it_unless_it_was_found_in_storage(
    storage, entry, record, client, runs
):
    record(storage, [entry(0), replace(entry(1, lr=2e-4), cached=True)])
    (sweep,), children = runs(storage)
    found, made = sorted(children, key=lambda run: "mlflow.user" in run.data.tags)
    assert made.data.tags["mlflow.source.name"] == "orchestrator.sweep"
    assert made.data.tags["version.deepspeed"] == version("deepspeed")
    assert "mlflow.source.name" not in found.data.tags
    assert "version.deepspeed" not in found.data.tags
    kept = {file.path for file in client(storage).list_artifacts(sweep.info.run_id)}
    assert kept == {"config.json", "requirements.txt"}


def test_the_front_is_marked_when_it_is_known_and_again_when_it_has_moved(
    storage, entry, begin, runs
):
    def front():
        children = runs(storage)[1]
        return {r.data.tags["trial"] for r in children if r.data.tags["on_front"] == "true"}

    entries = [entry(number, lr=1e-5 * (number + 1)) for number in range(3)]
    hashes = [made.result.job.hash for made in entries]
    for chosen in ([0, 1], [1, 2]):
        tracker = begin(storage)
        for made in entries:
            tracker.log_entry(made, job_folder=storage / "nowhere")
        tracker.mark_front(hashes[i] for i in chosen)
        tracker.close(finished=True)
        assert tracker.complaint is None
        assert front() == {str(i) for i in chosen}


def test_what_attacks_come_to_is_with_the_run_of_the_setting_that_they_are_on(
    storage, entry, begin, runs, client
):
    made = entry(0)
    job = made.result.job.hash
    for lira in (0.75, 0.75, 0.8):
        tracker = begin(storage)
        tracker.log_entry(made, job_folder=storage / "nowhere")
        tracker.log_attacks({job: {"u_lira": lira, "u_mia": float("nan")}, "f" * 16: {"u_mia": 1}})
        tracker.close(finished=True)
        assert tracker.complaint is None
    (child,) = runs(storage)[1]
    history = client(storage).get_metric_history(child.info.run_id, "u_lira")
    assert [point.value for point in history] == [0.75, 0.8]
    assert len(client(storage).get_metric_history(child.info.run_id, "u_mia")) == 1


def test_what_was_done_by_hand_is_with_the_sweeps_run(storage, begin, runs) -> None:
    stop = Steered(id="ab" * 16, verb="stop", label="npo", trials=4, before=7, note="it diverges")
    tracker = begin(storage)
    for steered in (stop, Steered(id="cd" * 16, verb="pause")):
        tracker.log_steered(steered)
    tracker.close(finished=False)
    assert tracker.complaint is None
    tags = runs(storage)[0][0].data.tags
    assert tags["by_hand.abababab.npo"] == "npo is stopped after 4 of 7 trials (it diverges)"
    assert tags["by_hand.cdcdcdcd"].startswith("paused")


def test_a_running_job_has_a_run_that_says_how_far_it_is_and_is_completed(
    storage, entry, begin, runs, client, wait_until
):
    made = entry(5)
    job, reports = made.result.job, made.result.reports
    tracker = begin(storage, flush_s=0.01)
    tracker.log_report(job, reports[0])
    wait_until(lambda: len(runs(storage)[1]) == 1)
    _, (run,) = runs(storage)
    assert (run.info.status, run.data.tags["status"]) == ("RUNNING", "running")
    assert run.info.run_name == "npo lr 1e-4 l1 2e-3"
    tracker.log_report(job, reports[1])
    wait_until(lambda: len(history(client, storage, run)) == 2)
    tracker.log_report(job, reports[2])
    tracker.log_entry(made, job_folder=storage / "nowhere")
    tracker.close(finished=True)
    _, (ended,) = runs(storage)
    assert ended.info.run_id == run.info.run_id
    assert ended.info.status == "FINISHED"
    assert ended.info.run_name == "npo_l1 lr 1e-4 l1 2e-3 beta 0.1"
    assert (ended.data.tags["status"], ended.data.tags["method"]) == ("done", "npo_l1")
    assert sorted(point.step for point in history(client, storage, run)) == [1, 2, 3, 4]


def history(client, storage, run, key="train/loss"):
    return client(storage).get_metric_history(run.info.run_id, key)


def test_jobs_that_end_within_a_flush_are_recorded_once(storage, entry, begin, runs, client):
    made = entry()
    tracker = begin(storage, flush_s=3600)
    for report in made.result.reports:
        tracker.log_report(made.result.job, report)
    tracker.log_entry(made, job_folder=storage / "nowhere")
    tracker.close(finished=True)
    assert tracker.complaint is None
    _, (run,) = runs(storage)
    assert [point.timestamp for point in history(client, storage, run)][-1] == run.info.end_time


def test_a_job_that_was_interrupted_is_said_to_be_and_goes_on_in_the_same_run(
    storage, entry, begin, record, runs, client, wait_until
):
    made = entry()
    job, reports = made.result.job, made.result.reports
    tracker = begin(storage)
    for report in reports[:2]:
        tracker.log_report(job, report)
    tracker.close(finished=False)
    (sweep,), (run,) = runs(storage)
    assert (sweep.info.status, run.info.status) == ("KILLED", "KILLED")
    tracker = begin(storage, flush_s=0.01)
    tracker.log_report(job, reports[1])  # a checkpoint may lie behind what was said
    tracker.log_report(job, reports[2])
    wait_until(lambda: len(history(client, storage, run)) == 3)
    assert runs(storage)[1][0].info.status == "RUNNING"
    tracker.log_entry(made, job_folder=storage / "nowhere")
    tracker.close(finished=True)
    _, (ended,) = runs(storage)
    assert (ended.info.run_id, ended.info.status) == (run.info.run_id, "FINISHED")
    assert sorted(point.step for point in history(client, storage, run)) == [1, 2, 3, 4]
    record(storage, [made], name="alone")
    for left, alone in zip(*[iter(group) for group in by_sweep(*runs(storage))], strict=True):
        assert num_points(client, storage, left) == num_points(client, storage, alone)


def by_sweep(sweeps, children):
    """Returns the runs of each sweep, its own first."""
    return [
        [own, *(c for c in children if c.data.tags["mlflow.parentRunId"] == own.info.run_id)]
        for own in sweeps
    ]


def num_points(client, storage, run):
    """Returns how many points the run has of each of its metrics."""
    return {name: len(history(client, storage, run, name)) for name in run.data.metrics}


def test_the_sweeps_run_has_its_settings_and_what_came_of_it(
    storage, entry, begin, runs, client, config_json
):
    entries = [
        entry(0, retain=0.8),
        entry(1, lr=2e-4, retain=0.1),
        entry(2, lr=3e-4, reason="lost"),
    ]
    for given in (entries[:2], entries, entries):
        tracker = begin(storage)
        for made in given:
            tracker.log_entry(made, job_folder=storage / "nowhere")
        tracker.close(finished=True)
        assert tracker.complaint is None
    (sweep,), _ = runs(storage)
    assert sweep.data.params["benchmark.num_people"] == "24"
    assert sweep.data.tags["search.trials"] == "7"
    counts = {"trials": 3, "trials_feasible": 1, "trials_failed": 1, "trials_stopped": 0}
    assert counts.items() <= sweep.data.metrics.items()
    assert sweep.data.metrics["best/npo_l1/log_forget_quality"] == -3.0
    assert len(history(client, storage, sweep, "trials_failed")) == 2

"""How trials would be recorded in MLflow with a call for each value, as many programs do it."""

import time
from collections.abc import Sequence
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput

from orchestrator.results.entry import Entry
from orchestrator.storage.records import Storage
from orchestrator.tracking.child_run import child_run
from orchestrator.tracking.job_files import job_files
from orchestrator.tracking.session import JOB_FILES
from trainers.job import ADAPTER


def one_by_one(
    entries: Sequence[Entry], storage: Storage, folder: Path, uri: str
) -> tuple[float, float]:
    """Returns the seconds a trial that the same takes with a call for each value: values, all."""
    client = MlflowClient(uri)
    files = None if uri.startswith("http") else (folder / "one-by-one").as_uri()
    experiment = client.create_experiment("one by one", artifact_location=files)
    values_s = files_s = 0.0
    for entry in entries:
        started = time.perf_counter()
        run_id = _record_values(client, experiment, entry)
        values_s += time.perf_counter() - started
        started = time.perf_counter()
        _record_files(client, entry, storage.job_folder(entry.result.job.hash), run_id)
        files_s += time.perf_counter() - started
    return values_s / len(entries), (values_s + files_s) / len(entries)


def _record_values(client: MlflowClient, experiment: str, entry: Entry) -> str:
    run = child_run(entry)
    info = client.create_run(experiment, start_time=run.start_ms, run_name=run.name).info
    for name, value in run.params.items():
        client.log_param(info.run_id, name, value)
    for name, value in run.tags.items():
        client.set_tag(info.run_id, name, value)
    for point in run.points:
        client.log_metric(info.run_id, point.name, point.value, point.time_ms, point.step)
    client.set_terminated(info.run_id, status="FINISHED", end_time=run.end_ms)
    return str(info.run_id)


def _record_files(client: MlflowClient, entry: Entry, folder: Path, run_id: str) -> None:
    experiment, run = client.get_run(run_id).info.experiment_id, child_run(entry)
    model = client.create_logged_model(experiment, source_run_id=run_id, params=dict(run.params))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    for name, text in job_files(entry.result, folder).items():
        client.log_text(run_id, text, name)
    for file in (folder / name for name in JOB_FILES):
        if file.is_file():  # one of them says why a job has failed
            client.log_artifact(run_id, str(file))
    client.log_artifacts(run_id, str(folder / ADAPTER), ADAPTER)

"""A sweep's run in an open MLflow store, and the child runs that are added to it.

Only the client is used, never MLflow's global state. Everything here may be done twice, also after
a failure of which nobody knows whether the store had done it already: nothing is doubled.
"""

import json
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.storage.files import FAILURE_FILE, JOB_FILE, RESULT_FILE, SCORES_FILE
from orchestrator.tracking.adapter_model import add_model, remove_models
from orchestrator.tracking.child_run import CURVE, ChildRun, Point, job_tags, run_name
from orchestrator.tracking.job_files import TABLE
from orchestrator.tracking.recorded_runs import STATUS, Recorded, recorded_runs
from trainers.job import ADAPTER, Job

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

METRICS_PER_BATCH = 800
"""MLflow takes 1000 metrics, parameters and tags together in one call."""
PARAMS_PER_BATCH = 100
DIGEST_LENGTH = 36
"""The longest digest of a data set that MLflow takes."""
JOB_FILES = (JOB_FILE, RESULT_FILE, SCORES_FILE, FAILURE_FILE)
RUNNING, KILLED = "RUNNING", "KILLED"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sweep is kept: its name, its own folder, and the storage folder around it."""

    name: str
    folder: Path
    storage: Path


@dataclass(frozen=True, slots=True)
class Files:
    """What is recorded with a job: files of its `folder`, its adapter if wanted, and `texts`."""

    folder: Path
    texts: Callable[[], Mapping[str, str]]
    adapter: bool


@dataclass(slots=True)
class Session:
    """An open MLflow store with the sweep's run; which child runs it has is asked when needed."""

    client: "MlflowClient"
    experiment_id: str
    run_id: str
    _known: dict[str, Recorded] | None = None
    _unsure: set[str] = field(default_factory=set)
    _front: frozenset[str] = frozenset()

    def tell(self, job: Job, points: Sequence[Point]) -> None:
        """Records what a running job has said; its child run is made if it has none.

        The run of a job that had ended before says what came of it until this one has ended.
        """
        found = self._found(job.hash)
        if found is not None and found.status not in (RUNNING, KILLED):
            return
        tags = job_tags(job)
        name = run_name(job, tags.get("method", tags["phase"]), {})
        made = found or self._create(job.hash, name, tags, points[0].time_ms)
        if made.status == KILLED:
            self.client.update_run(made.run_id, status=RUNNING)
            made.status = RUNNING
        self._add_curve(made, points)

    def describe(
        self, params: Mapping[str, str], tags: Mapping[str, str], texts: Mapping[str, str]
    ) -> None:
        """Records what the sweep is; a parameter that is there stays as it is."""
        from mlflow.entities import Param, RunTag

        there = self.client.get_run(self.run_id).data.params
        fresh = [Param(*param) for param in params.items() if param[0] not in there]
        self.client.log_batch(self.run_id, tags=[RunTag(*tag) for tag in tags.items()])
        for start in range(0, len(fresh), PARAMS_PER_BATCH):
            self.client.log_batch(self.run_id, params=fresh[start : start + PARAMS_PER_BATCH])
        for name, text in texts.items():
            self.client.log_text(self.run_id, text, name)

    def tag(self, tags: Mapping[str, str]) -> None:
        """Records tags of the sweep's run."""
        from mlflow.entities import RunTag

        self.client.log_batch(self.run_id, tags=[RunTag(*tag) for tag in tags.items()])

    def sum_up(self, metrics: Mapping[str, float], time_ms: int) -> None:
        """Records what the sweep has come to, as far as that has changed."""
        there = self.client.get_run(self.run_id).data.metrics
        fresh = [Point(*m, 0, time_ms) for m in metrics.items() if there.get(m[0]) != m[1]]
        finite = [_metric(point) for point in fresh if not math.isinf(point.value)]
        self.client.log_batch(self.run_id, finite)

    def add_attacks(self, found: Mapping[str, Mapping[str, float]], time_ms: int) -> None:
        """Records what attacks on the models of jobs came to, as far as that has changed."""
        for job, values in found.items():
            made = self._found(job)
            if made is None:
                continue
            there = self.client.get_run(made.run_id).data.metrics
            fresh = [
                _metric(Point(name, value, 0, time_ms))
                for name, value in values.items()
                if name not in there or not _same(there[name], value)
            ]
            self.client.log_batch(made.run_id, fresh)

    def add(self, run: ChildRun, files: Files, *, more: Mapping[str, str]) -> None:
        """Records the child run of a job that has ended, unless it is there.

        `more` are tags beside the run's own.

        The run is ended last: one that was cut off is written again, onto itself. The record of a
        job that was run again gives way to a new one.
        """
        job, status = run.tags["job"], STATUS[run.tags["status"]]
        found = self._found(job)
        if found is not None and found.started_ms not in ("", run.tags["started_ms"]):
            self._discard(job, found)
            found = None
        if found is not None and found.status == status:
            return
        made = found or self._create(job, run.name, {}, run.start_ms)
        texts = files.texts()
        self._log(
            made,
            replace(run, tags={**run.tags, **more}),
            texts,
            model=self._model(made, run, files, fresh=found is None),
        )
        self._upload(made.run_id, files, texts)
        if found is not None:
            self.client.update_run(made.run_id, name=run.name)
        self.client.set_terminated(made.run_id, status=status, end_time=run.end_ms)
        made.status = status

    def mark_front(self, jobs: Iterable[str]) -> None:
        """Says in a tag which trials are on the sweep's front, and which no longer are."""
        self._front = frozenset(jobs)
        for job, made in self._children().items():
            wanted = job in self._front
            if made.started_ms and made.on_front != wanted:
                self.client.set_tag(made.run_id, "on_front", str(wanted).lower())
                made.on_front = wanted

    def forget_adapter(self, job: str) -> None:
        """Removes a job's adapter from artifacts that are in a folder, and says so in a tag.

        A server's are its own affair.
        """
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        found = self._found(job)
        if found is None:
            return
        uri = str(self.client.get_run(found.run_id).info.artifact_uri)
        if uri.startswith(("file:", "/")):
            get_artifact_repository(uri).delete_artifacts(ADAPTER)
            remove_models(self.client, self.experiment_id, found.run_id)
        self.client.set_tag(found.run_id, "weights", "removed")

    def end(self, status: str) -> None:
        """Ends the sweep's run, and those of jobs that never came to their end."""
        for made in self._children().values():
            if made.status == RUNNING:
                self.client.set_terminated(made.run_id, status=KILLED)
                made.status = KILLED
        self.client.set_terminated(self.run_id, status=status)

    def _children(self) -> dict[str, Recorded]:
        """Returns the child runs by their jobs' hash; a large sweep's take seconds to read."""
        if self._known is None:
            self._known = recorded_runs(self.client, self.experiment_id, self.run_id)
        return self._known

    def _found(self, job: str) -> Recorded | None:
        """Returns the job's child run; looks for it if its making may have failed half-way."""
        if job in self._unsure:
            mine = f"tags.job = '{job}' and tags.`mlflow.parentRunId` = '{self.run_id}'"
            there = self.client.search_runs([self.experiment_id], mine, max_results=1)
            if there:
                self._children()[job] = Recorded(str(there[0].info.run_id), RUNNING)
            self._unsure.discard(job)
        return self._children().get(job)

    def _create(self, job: str, name: str, tags: Mapping[str, str], start_ms: int) -> Recorded:
        self._unsure.add(job)
        created = self.client.create_run(
            self.experiment_id,
            start_time=start_ms,
            tags={**tags, "mlflow.parentRunId": self.run_id, "job": job},
            run_name=name,
        )
        self._unsure.discard(job)
        self._children()[job] = Recorded(str(created.info.run_id), RUNNING, curve=set())
        return self._children()[job]

    def _discard(self, job: str, found: Recorded) -> None:
        remove_models(self.client, self.experiment_id, found.run_id)
        self.client.delete_run(found.run_id)
        del self._children()[job]

    def _model(self, made: Recorded, run: ChildRun, files: Files, *, fresh: bool) -> str | None:
        if not (files.adapter and (files.folder / ADAPTER).is_dir()):
            return None
        return add_model(self.client, self.experiment_id, made.run_id, run, fresh=fresh)

    def _log(
        self, made: Recorded, run: ChildRun, texts: Mapping[str, str], *, model: str | None
    ) -> None:
        """Writes tags, parameters and points; the benchmark's metrics are the model's as well."""
        from mlflow.entities import Dataset, DatasetInput, Param, RunTag

        on_front = run.tags["job"] in self._front
        tags = {**run.tags, **({"on_front": "true"} if on_front else {})}
        if TABLE in texts:
            tags["mlflow.loggedArtifacts"] = json.dumps([{"path": TABLE, "type": "table"}])
        about = [Param(*p) for p in run.params.items()], [RunTag(*t) for t in tags.items()]
        with self._unsure_of_curve(made, run.points):
            points = [p for p in run.points if (p.name, p.step) not in (made.curve or ())]
            metrics = [_metric(p, model if p.name in run.measured else None) for p in points]
            self.client.log_batch(made.run_id, metrics[:METRICS_PER_BATCH], *about)
            for start in range(METRICS_PER_BATCH, len(metrics), METRICS_PER_BATCH):
                self.client.log_batch(made.run_id, metrics[start : start + METRICS_PER_BATCH])
        made.started_ms, made.on_front = run.tags["started_ms"], on_front
        name, digest = run.data
        data = Dataset(name, digest[:DIGEST_LENGTH], source_type="lethe", source=name)
        self.client.log_inputs(made.run_id, [DatasetInput(data)])

    def _add_curve(self, made: Recorded, points: Sequence[Point]) -> None:
        with self._unsure_of_curve(made, points):
            known = made.curve or set()
            fresh = {(p.name, p.step): p for p in points if (p.name, p.step) not in known}
            if fresh:
                self.client.log_batch(made.run_id, [_metric(p) for p in fresh.values()])
            made.curve = known | fresh.keys()

    @contextmanager
    def _unsure_of_curve(self, made: Recorded, points: Sequence[Point]) -> Iterator[None]:
        """Looks first which points are there, if need be; after a failure nobody knows any more."""
        if made.curve is None:
            names = {point.name for point in points if point.name.startswith(CURVE)}
            made.curve = {
                (name, metric.step)
                for name in names
                for metric in self.client.get_metric_history(made.run_id, name)
            }
        try:
            yield
        except Exception:
            made.curve = None
            raise

    def _upload(self, run_id: str, files: Files, texts: Mapping[str, str]) -> None:
        """Uploads all files in one go, and the adapter."""
        with tempfile.TemporaryDirectory(prefix="lethe-") as name:
            staged = Path(name)
            for file, text in texts.items():
                (staged / file).write_text(text, encoding="utf-8")
            for file in JOB_FILES:
                if (files.folder / file).is_file():
                    (staged / file).symlink_to(files.folder / file)
            self.client.log_artifacts(run_id, name)
        adapter = files.folder / ADAPTER
        if files.adapter and adapter.is_dir():
            try:
                self.client.log_artifacts(run_id, str(adapter), ADAPTER)
            except FileNotFoundError:
                if adapter.is_dir():
                    raise  # else it was removed meanwhile, and `forget_adapter` comes next


def _same(there: float, value: float) -> bool:
    return there == value or (math.isnan(there) and math.isnan(value))


def _metric(point: Point, model: str | None = None) -> "Metric":
    """Returns a point as MLflow takes it; a model would have 0 for a NaN, so it has none."""
    from mlflow.entities import Metric

    whose = None if math.isnan(point.value) else model
    return Metric(point.name, point.value, point.time_ms, point.step, model_id=whose)

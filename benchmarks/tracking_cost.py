"""What recording in MLflow costs a trial, against a call for each value; see README.md.

Real trials of the offline demo are recorded in fresh stores, as a sweep does it and value by value.
Then a sweep of many trials is recorded, and searched by tag and by metric.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from machine import setting, table
from mlflow import MlflowClient
from mlflow_store import address
from value_by_value import one_by_one

from orchestrator.config.loading import load_config
from orchestrator.config.resume import config_text
from orchestrator.config.tracking import TrackingSettings
from orchestrator.results.entry import Entry
from orchestrator.searching.constraints import violations
from orchestrator.storage.address import Address
from orchestrator.storage.files import sweep_path
from orchestrator.storage.records import Storage
from orchestrator.storage.result import State
from orchestrator.tracking.child_run import child_run
from orchestrator.tracking.session import Files, Place
from orchestrator.tracking.store import begin_session
from orchestrator.tracking.tracker import Tracker
from trainers.job import Phase

GOAL_SHARE = 0.03
GOAL_RATIO = 0.1
GOAL_SEARCH_S = 1.0
PAGE = 100
"""As many runs as MLflow's pages ask for at a time."""
METHODS = ("gd", "npo", "rmu")


def main() -> None:
    options = _parser().parse_args()
    print(setting("lethe", "mlflow", "sqlalchemy"), flush=True)
    with tempfile.TemporaryDirectory(prefix="lethe-") as name:
        folder = Path(name)
        storage = Storage(options.storage or _demo(folder / "demo", options.trials))
        entries = _trials(storage)
        print(f"{len(entries)} trials of the demo, {_mean_wall_s(entries):.2f} s each", flush=True)
        print(_costs(entries, storage, folder), flush=True)
        print(_searches(entries[0], folder, options.runs))


def _demo(folder: Path, trials: int) -> Path:
    """Runs the offline demo with some of its methods and returns its storage folder."""
    overrides = [f"storage={folder}", f"search.trials={trials}", "finalists=null"]
    overrides += [f"methods=[{','.join(METHODS)}]"]
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    command = [sys.executable, "-m", "orchestrator.sweep", *overrides]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 3):
        raise SystemExit(done.stdout)
    return folder


def _trials(storage: Storage) -> list[Entry]:
    """Returns the trials in a storage folder that were measured, as entries of a sweep."""
    found = [storage.find(job) for job in storage.jobs() if job.phase == Phase.TRIAL]
    done = [result for result in found if result is not None and result.state == State.DONE]
    if not done:
        raise SystemExit(f"no finished trial in {storage.root}")
    return [
        Entry(
            result.job.method.name if result.job.method is not None else "",
            result,
            number,
            {"lr": result.job.training.lr, "l1": result.job.training.l1},
            violations((), result.metrics),
        )
        for number, result in enumerate(done)
    ]


def _mean_wall_s(entries: Sequence[Entry]) -> float:
    return statistics.mean(entry.result.wall_s for entry in entries)


def _costs(entries: Sequence[Entry], storage: Storage, folder: Path) -> str:
    """Returns the table of what recording costs in either way and store."""
    wall_s, rows, met = _mean_wall_s(entries), [], True
    for store in ("SQLite file", "server"):
        with address(store, folder / store.replace(" ", "-")) as uri:
            values = _Cost(_values_at_once(entries, folder / f"{store}-v", uri), 0.0, 0.0)
            whole = _batched(entries, storage, folder / f"{store}-w", uri)
            single_s, single_whole_s = one_by_one(entries, storage, folder, uri)
        shown = (values, single_s, "values"), (whole, single_whole_s, "and files, adapter, model")
        for cost, singly_s, what in shown:
            figures = [cost.wall_s, cost.cpu_s, cost.held_s, singly_s]
            shares = [f"{100 * cost.wall_s / wall_s:.2f} %", f"{cost.wall_s / singly_s:.3f}"]
            rows.append([store, what, *(f"{1000 * s:.1f}" if s else "" for s in figures), *shares])
        share = whole.wall_s / wall_s
        met = met and values.wall_s <= GOAL_RATIO * single_s and share <= GOAL_SHARE
    head = ["store", "recorded", "ms a trial", "CPU ms", "held up ms", "one by one ms"]
    goals = f"Goals (share {100 * GOAL_SHARE:g} %, ratio of values {GOAL_RATIO:g})"
    return f"\n{table([*head, 'share', 'ratio'], rows)}\n\n{goals}: {'met' if met else 'MISSED'}"


@dataclass(frozen=True, slots=True)
class _Cost:
    """Seconds a trial: until it is recorded, of this process's CPUs, and of who asked for it."""

    wall_s: float
    cpu_s: float
    held_s: float


def _batched(entries: Sequence[Entry], storage: Storage, folder: Path, uri: str) -> _Cost:
    """Returns what the tracker takes beyond what a sweep without trials takes."""
    empty = _tracked([], storage, folder / "empty", uri)
    whole = _tracked(entries, storage, folder / "whole", uri)
    number = len(entries)
    return _Cost(
        (whole.wall_s - empty.wall_s) / number,
        (whole.cpu_s - empty.cpu_s) / number,
        whole.held_s / number,
    )


def _values_at_once(entries: Sequence[Entry], folder: Path, uri: str) -> float:
    """Returns the seconds a trial that its values alone take, without any file."""
    settings = TrackingSettings(experiment="values at once")
    session = begin_session(settings, Place("demo", folder / "demo", folder), Address.of(uri), "{}")
    files = Files(folder / "nowhere", texts=dict, adapter=False)
    started = time.perf_counter()
    for entry in entries:
        session.add(child_run(entry), files, more={})
    return (time.perf_counter() - started) / len(entries)


def _tracked(entries: Sequence[Entry], storage: Storage, folder: Path, uri: str) -> _Cost:
    tracker = _tracker(folder, uri)
    started, used = time.perf_counter(), time.process_time()
    for entry in entries:
        tracker.log_entry(entry, job_folder=storage.job_folder(entry.result.job.hash))
    held_s = time.perf_counter() - started
    tracker.close(finished=True)
    assert tracker.complaint is None, tracker.complaint
    return _Cost(time.perf_counter() - started, time.process_time() - used, held_s)


def _tracker(folder: Path, uri: str) -> Tracker:
    place = Place("demo", folder / sweep_path("demo"), folder)
    config_json = config_text(load_config(None, []))
    return Tracker.open(TrackingSettings(uri=uri), place, config_json=config_json)


def _searches(entry: Entry, folder: Path, runs: int) -> str:
    """Returns the table of how long searches take in the SQLite file of a large sweep."""
    uri = f"sqlite:///{folder}/many.db"
    tracker = _tracker(folder / "many", uri)
    started = time.perf_counter()
    for number in range(runs):
        tracker.log_entry(_variant(entry, number), job_folder=folder / "nowhere")
    tracker.close(finished=True)
    assert tracker.complaint is None, tracker.complaint
    recorded_s = time.perf_counter() - started
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("lethe").experiment_id
    opened_s = _timed(lambda: _tracker(folder / "many", uri).close(finished=True), times=1)
    rows, slowest_s = [], 0.0
    for what, query, order in _queries(runs):
        found, spent_s = 0, 0.0

        def search(query: str = query, order: list[str] = order) -> None:
            nonlocal found
            found = len(client.search_runs([experiment], query, order_by=order, max_results=PAGE))

        spent_s = _timed(search, times=5)
        slowest_s = max(slowest_s, spent_s)
        rows.append([what, f"`{query}`", str(found), f"{spent_s:.3f}"])
    met = "met" if slowest_s < GOAL_SEARCH_S else "MISSED"
    return (
        f"\n{runs} trials recorded in {recorded_s:.0f} s; opening the sweep again takes "
        f"{opened_s:.2f} s\n\n{table(['search', 'query', 'found', 'median s'], rows)}\n\n"
        f"Goal (each under {GOAL_SEARCH_S:g} s): {met}"
    )


def _queries(runs: int) -> Iterator[tuple[str, str, list[str]]]:
    """Yields what a person looks for: its name, the query, and how results are ordered."""
    best = ["metrics.log_forget_quality DESC"]
    yield "one trial", f"tags.trial = '{runs // 2}'", []
    yield "a method's trials", "tags.method = 'method_3'", []
    yield "feasible trials", "tags.feasible = 'true' and tags.phase = 'trial'", []
    yield "few by a metric", "metrics.retain > 0.99", []
    yield "half of all by a metric, ordered by another", "metrics.retain > 0.5", best
    yield "tag and metric, ordered", "tags.method = 'method_3' and metrics.retain > 0.5", best
    yield "all by a parameter, ordered", "params.seed = '0'", best


def _variant(entry: Entry, number: int) -> Entry:
    """Returns the entry as another trial of one of ten methods, with another retain metric."""
    result = entry.result
    rate = 1e-5 * (1 + number / 1000)
    job = result.job.model_copy(
        update={"training": result.job.training.model_copy(update={"lr": rate})}
    )
    metrics = {**result.metrics, "retain": (number * 617 % 1000) / 1000}
    changed = replace(result, job=job, metrics=metrics)
    return replace(entry, label=f"method_{number % 10}", result=changed, number=number)


def _timed(do: Callable[[], object], *, times: int) -> float:
    """Returns the median of the seconds that it takes."""
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        do()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="What recording in MLflow costs a trial of the demo.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--trials", type=int, default=4, help="of each of three methods")
    parser.add_argument("--runs", type=int, default=2000, help="of the sweep that is searched")
    parser.add_argument("--storage", type=Path, help="take the trials that are there instead")
    return parser


if __name__ == "__main__":
    main()

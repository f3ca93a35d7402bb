"""Under what circumstances a sweep ran and its report was made: data, code, machine."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.storage.project_folder import PROJECT
from orchestrator.storage.records import version
from orchestrator.storage.result import Result

LIBRARIES = (
    "torch",
    "transformers",
    "peft",
    "deepspeed",
    "ray",
    "optuna",
    "mlflow",
    "pyarrow",
    "numpy",
    "scipy",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One circumstance, for people."""

    name: str
    value: str


def circumstances_of(record: SweepRecord) -> list[Fact]:
    """Returns what must be known to make the sweep's results again.

    What begins with "Report" is of the code and machine that make the report: the jobs say only
    with which version of Lethe they ran.
    """
    return [*_sweep(record), *_data(record), *_code()]


def _sweep(record: SweepRecord) -> Iterator[Fact]:
    yield Fact("Sweep", f"{record.config.name}, seed {record.config.seed}")
    yield Fact("Folder", str(record.folder))
    if record.by_hand:
        yield Fact("By hand", " ".join(record.by_hand))
    results = _results(record)
    if results:
        first = min(result.started_at for result in results)
        last = max(result.started_at + result.wall_s for result in results)
        yield Fact("Jobs ran", f"{_time(first)} to {_time(last)} (UTC)")
        versions = sorted({result.job.version for result in results})
        yield Fact("Jobs ran with", f"Lethe {', '.join(versions)}")


def _results(record: SweepRecord) -> list[Result]:
    """Returns the results of all jobs, the finalists' and the second gold model's too."""
    results = [entry.result for entry in record.entries]
    results += [replicate.result for replicate in record.replicates]
    return results if record.gold_again is None else [*results, record.gold_again]


def _data(record: SweepRecord) -> Iterator[Fact]:
    if record.reference is None:
        return
    original, gold = record.reference.original.job, record.reference.gold.job
    yield Fact("Benchmark", original.benchmark.name)
    yield Fact("Data (SHA-256)", original.data)
    yield Fact("Model", original.model.name)
    yield Fact("Weights", original.weights)
    yield Fact("Original, job", original.hash)
    yield Fact("Gold, job", gold.hash)


def _code() -> Iterator[Fact]:
    yield Fact("Report: Lethe", version())
    yield Fact("Report: git commit", commit() or "not made from a git checkout")
    yield Fact("Report: Python", f"{platform.python_implementation()} {platform.python_version()}")
    found = [f"{name} {_installed(name)}" for name in LIBRARIES]
    yield Fact("Report: libraries", ", ".join(found))
    yield Fact("Report: machine", f"{platform.platform()}, {os.cpu_count()} CPUs")


def commit() -> str | None:
    """Returns the commit of the checkout that this code is in, and whether it was changed since."""
    if not PROJECT.is_file():
        return None
    said = _git("rev-parse", "HEAD")
    if said is None:
        return None
    return f"{said} with changes" if _git("status", "--porcelain") else said


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(PROJECT.parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")

"""Under what circumstances a sweep ran and its report was made: data, code, machine."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestrator.reporting.record import SweepRecord
from orchestrator.storing.records import PROJECT, version

LIBRARIES = (
    "torch",
    "transformers",
    "peft",
    "deepspeed",
    "ray",
    "optuna",
    "mlflow",
    "datasets",
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

    Code, libraries and machine are those that make the report: the jobs' own version is in their
    hashes, so that it is the same code, but they may have run elsewhere.
    """
    return [*_sweep(record), *_data(record), *_code()]


def _sweep(record: SweepRecord) -> Iterator[Fact]:
    yield Fact("Sweep", f"{record.config.name}, seed {record.config.seed}")
    yield Fact("Folder", str(record.folder))
    results = [entry.result for entry in record.entries]
    if results:
        first = min(result.started_at for result in results)
        last = max(result.started_at + result.wall_s for result in results)
        yield Fact("Jobs ran", f"{_time(first)} to {_time(last)} (UTC)")


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
    yield Fact("Lethe", version())
    yield Fact("Git commit", commit() or "not made from a git checkout")
    yield Fact("Python", f"{platform.python_implementation()} {platform.python_version()}")
    found = [f"{name} {_installed(name)}" for name in LIBRARIES]
    yield Fact("Libraries", ", ".join(found))
    yield Fact("Report made on", f"{platform.platform()}, {os.cpu_count()} CPUs")


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

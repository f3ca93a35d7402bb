"""What is recorded about one finished job, whatever records it.

Everything here follows from the entry alone, times included, so that recording the same entry
twice records the same thing.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evals.suite import suite_name
from orchestrator.results.entry import Entry
from orchestrator.searching.shared_parameters import SHARED, own_part, shared_values
from orchestrator.storage.result import Result
from trainers.job import Job, Report

PLAIN = tuple(f"training.{name}" for name in SHARED)
"""Parameters that go by their last name; so do the method's own settings."""

IDENTITY = ("phase", "data", "weights", "version", "base", "checkpoint")
"""Fields of a job that say what it is, not how it was set; they are tags."""

MEMORY = {"peak_memory_bytes": "peak_memory", "rank_memory_bytes": "rank_memory"}
"""Facts that MLflow shows among a run's system metrics, by their name there."""
CURVE = "train/"
MAX_RUN_NAME = 250
"""Characters that every store takes of a run's name."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric at an optimizer step, `time_ms` since the epoch."""

    name: str
    value: float
    step: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class ChildRun:
    """One job as a run: tags and parameters are text, points are sorted by time.

    `measured` are the names of the benchmark's metrics; `data` is its name and the fingerprint of
    what it holds.
    """

    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    points: tuple[Point, ...]
    measured: frozenset[str]
    data: tuple[str, str]
    start_ms: int
    end_ms: int


def child_run(entry: Entry) -> ChildRun:
    """Returns what is recorded about `entry`."""
    result, job = entry.result, entry.result.job
    start_ms = round(result.started_at * 1000)
    end_ms = start_ms + round(result.wall_s * 1000)
    seed = f" seed {job.seed}" if entry.final else ""
    return ChildRun(
        name=_shortened(run_name(job, entry.label, entry.params or {}), behind=seed),
        tags=_told({**job_tags(job), **_tags(entry), "started_ms": str(start_ms)}),
        params=_params(result),
        points=(*_reported(result, start_ms, end_ms), *_measured(entry, end_ms)),
        measured=frozenset(result.metrics),
        data=(job.benchmark.name, job.data),
        start_ms=start_ms,
        end_ms=end_ms,
    )


def run_name(job: Job, label: str, searched: Mapping[str, float | int | str]) -> str:
    """Returns what a job goes by: its label and setting, as in `rmu lr 3.8e-3 l1 1e-3`.

    A setting is the learning rate, L1 if there is any, and what of the method's own is `searched`;
    baselines and checkpoints have none.
    """
    if job.method is None:
        return label
    shared = {name: value for name, value in shared_values(job.training).items() if value}
    setting = {**shared, **own_part(searched)}
    words = [label, *(f"{name} {_short(value)}" for name, value in setting.items())]
    return _shortened(" ".join(words))


def _shortened(name: str, *, behind: str = "") -> str:
    """Returns the name with what comes behind it, cut to what stores take."""
    room = MAX_RUN_NAME - len(behind)
    return f"{name if len(name) <= room else f'{name[: room - 1]}…'}{behind}"


def _short(value: float | int | str) -> str:
    """Returns the first digits of a number, in the way that takes less room."""
    if not isinstance(value, float):
        return str(value)
    if value == 0 or 0.01 <= abs(value) < 10_000:
        return f"{value:.3g}"
    digits, _, power = f"{value:.1e}".partition("e")
    return f"{float(digits):g}e{int(power)}"


def job_tags(job: Job) -> dict[str, str]:
    """Returns what can be said of a job before it has ended."""
    return _told(
        {
            "method": "" if job.method is None else job.method.name,
            "modality": suite_name(job.benchmark.name),
            "phase": str(job.phase),
            "status": "running",
            "seed": str(job.seed),
            "job": job.hash,
            "base": job.base or "",
            "version": job.version,
            "fingerprint.data": job.data,
            "fingerprint.weights": job.weights,
        }
    )


def live_points(report: Report, time_ms: int) -> tuple[Point, ...]:
    """Returns what a job that is running has just said, under the names it ends up with."""
    return tuple(
        Point(f"{CURVE}{name}", value, report.step, time_ms)
        for name, value in report.metrics.items()
        if not math.isinf(value)
    )


def _tags(entry: Entry) -> dict[str, str]:
    """Returns what the job is in the sweep; a finalist repeats the trial that it names."""
    result, trial = entry.result, entry.number is not None and not entry.final
    status = "stopped" if result.stopped else str(result.state)
    return {
        "method": entry.label if result.job.method is not None else "",
        "phase": "final" if entry.final else str(result.job.phase),
        "status": status,
        "reason": result.reason or result.stopped,
        "stopped": "true" if result.stopped else "",
        "collapsed": "true" if result.collapsed else "",
        "feasible": str(entry.feasible).lower() if trial else "",
        "on_front": "false" if trial else "",
        "trial": "" if entry.number is None else str(entry.number),
    }


def _told(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if value}


def _params(result: Result) -> dict[str, str]:
    job = result.job
    plain = job.model_dump(mode="json", exclude={*IDENTITY, "method"})
    params = {
        name.rpartition(".")[2] if name in PLAIN else name: value for name, value in leaves(plain)
    }
    if job.method is not None:
        params |= {"method": job.method.name, **dict(leaves(job.method.settings))}
    return params


def leaves(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yields every leaf by its dotted name; the settings of a choice go without that word."""
    for name, value in tree.items():
        path = prefix if name == "settings" else f"{prefix}.{name}" if prefix else name
        if isinstance(value, Mapping):
            yield from leaves(value, path)
        elif value is not None:
            yield path, value if isinstance(value, str) else json.dumps(value)


def _reported(result: Result, start_ms: int, end_ms: int) -> Iterator[Point]:
    """Yields the training curve; reports carry no time, so steps are spread evenly."""
    for report in result.reports:
        part = report.step / max(1, report.num_steps)
        time_ms = start_ms + round(part * (end_ms - start_ms))
        for name, value in report.metrics.items():
            if not math.isinf(value):
                yield Point(f"{CURVE}{name}", value, report.step, time_ms)


def _measured(entry: Entry, end_ms: int) -> Iterator[Point]:
    """Yields final metrics, facts, violations, and what the job took of the machine.

    Infinities are left out, as stores clip them silently.
    """
    result = entry.result
    missed = {f"violation/{name}": value for name, value in (entry.violations or {}).items()}
    system = {
        f"system/{name}_megabytes": result.facts[fact] / 1e6
        for fact, name in MEMORY.items()
        if fact in result.facts
    }
    took = {"wall_s": result.wall_s}
    for name, value in {**took, **result.facts, **result.metrics, **missed, **system}.items():
        if not math.isinf(value):
            yield Point(name, value, 0, end_ms)

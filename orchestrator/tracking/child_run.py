"""What is recorded about one finished job, whatever records it.

Everything here follows from the entry alone, times included, so that recording the same entry
twice records the same thing.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestrator.entry import Entry
from orchestrator.result import Result

PLAIN = ("training.lr", "training.l1")
"""Parameters that go by their last name; so do the method's own settings."""

IDENTITY = ("phase", "data", "weights", "version", "base", "checkpoint")
"""Fields of a job that say what it is, not how it was set; the resolved job has them."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric at an optimizer step, `time_ms` since the epoch."""

    name: str
    value: float
    step: int
    time_ms: int


@dataclass(frozen=True, slots=True)
class ChildRun:
    """One job as a run: tags and parameters are text, points are sorted by time."""

    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    points: tuple[Point, ...]
    start_ms: int
    end_ms: int


def child_run(entry: Entry) -> ChildRun:
    """Returns what is recorded about `entry`."""
    result = entry.result
    start_ms = round(result.started_at * 1000)
    end_ms = start_ms + round(result.wall_s * 1000)
    number = "" if entry.number is None else f" {entry.number}"
    return ChildRun(
        name=f"{entry.label}{number}",
        tags=_tags(entry),
        params=_params(result),
        points=(*_reported(result, start_ms, end_ms), *_measured(entry, end_ms)),
        start_ms=start_ms,
        end_ms=end_ms,
    )


def _tags(entry: Entry) -> dict[str, str]:
    job = entry.result.job
    tags = {
        "method": entry.label if job.method is not None else "",
        "phase": str(job.phase),
        "state": str(entry.result.state),
        "reason": entry.result.reason or entry.result.stopped,
        "stopped": "true" if entry.result.stopped else "",
        "feasible": str(entry.feasible).lower() if entry.number is not None else "",
        "trial": "" if entry.number is None else str(entry.number),
        "seed": str(job.seed),
        "job": job.hash,
    }
    return {name: value for name, value in tags.items() if value}


def _params(result: Result) -> dict[str, str]:
    job = result.job
    plain = job.model_dump(mode="json", exclude={*IDENTITY, "method"})
    params = {
        name.rpartition(".")[2] if name in PLAIN else name: value for name, value in _leaves(plain)
    }
    if job.method is not None:
        params |= {"method": job.method.name, **dict(_leaves(job.method.settings))}
    return params


def _leaves(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yields every leaf by its dotted name; the settings of a choice go without that word."""
    for name, value in tree.items():
        path = prefix if name == "settings" else f"{prefix}.{name}" if prefix else name
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        elif value is not None:
            yield path, value if isinstance(value, str) else json.dumps(value)


def _reported(result: Result, start_ms: int, end_ms: int) -> Iterator[Point]:
    """Yields the training curve; reports carry no time, so steps are spread evenly."""
    for report in result.reports:
        part = report.step / max(1, report.num_steps)
        time_ms = start_ms + round(part * (end_ms - start_ms))
        for name, value in report.metrics.items():
            if not math.isinf(value):
                yield Point(f"train/{name}", value, report.step, time_ms)


def _measured(entry: Entry, end_ms: int) -> Iterator[Point]:
    """Yields final metrics, facts and violations.

    Infinities are left out, as stores clip them silently.
    """
    missed = {f"violation/{name}": value for name, value in (entry.violations or {}).items()}
    for name, value in {**entry.result.facts, **entry.result.metrics, **missed}.items():
        if not math.isinf(value):
            yield Point(name, value, 0, end_ms)

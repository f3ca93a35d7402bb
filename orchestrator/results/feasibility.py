"""What a measured result means in a sweep: whether it counts, and which bounds it keeps."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.searching.constraints import Bound, is_feasible, violations
from orchestrator.searching.settings import SearchSettings
from orchestrator.storage.result import Result, State
from trainers.job import Job


def without_result(job: Job, reason: str) -> Result:
    """Returns the failure of a job that left no result behind."""
    return Result(
        job=job,
        state=State.FAILED,
        reason=reason,
        metrics={},
        facts={},
        wall_s=0.0,
        reports=(),
        started_at=time.time(),
        by_chance=True,
    )


def judged(
    result: Result, search: SearchSettings, bounds: Sequence[Bound]
) -> tuple[Result, dict[str, float] | None]:
    """Returns the result and by how much it misses each bound; FAILED, None if not ranked.

    Numbers of a training that was stopped early say something only where they miss a bound.
    """
    if result.state == State.FAILED:
        return result, None
    if reason := not_finite(result, search):
        return replace(result, state=State.FAILED, reason=reason), None
    missed = violations(bounds, result.metrics)
    if result.stopped and is_feasible(missed):
        reason = f"{result.stopped}, but keeps every bound"
        return replace(result, state=State.FAILED, reason=reason), None
    return result, missed


def collapsed(result: Result, search: SearchSettings) -> bool:
    """Returns whether the parameters destroyed the model: in training, or as measured."""
    if result.collapsed:
        return True
    values = _deciding(result, search).values()
    return any(value is not None and not math.isfinite(value) for value in values)


def not_finite(result: Result, search: SearchSettings) -> str:
    """Says which of the objective and what is constrained is missing, NaN or infinite, if any."""
    values = _deciding(result, search)
    wrong = {n: v for n, v in values.items() if v is None or not math.isfinite(v)}
    said = [f"{n} {'was not measured' if v is None else f'is {v}'}" for n, v in wrong.items()]
    return " and ".join(said)


def _deciding(result: Result, search: SearchSettings) -> dict[str, float | None]:
    """Returns the objectives and what is constrained; None is a metric that is missing."""
    return {n: result.metrics.get(n) for n in (*search.objectives, *search.constraints)}

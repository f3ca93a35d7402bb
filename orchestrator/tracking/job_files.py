"""The files that are recorded with a job beside those of its folder, made from what it left."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from evals.errors import ConfigError
from evals.sheet_file import read_sheet
from evals.suite import suite_of
from orchestrator.storage.files import SCORES_FILE
from orchestrator.storage.result import Result, State
from orchestrator.tracking.evaluation_table import evaluation_table
from trainers.deepspeed_config import deepspeed_config
from trainers.job import Report

TABLE = "evaluation.json"
LOG_LINES = 200
"""How many of a job's last reports are shown."""


def job_files(result: Result, folder: Path) -> dict[str, str]:
    """Returns texts by file name: log.txt, and what is known of the others.

    Those are first_row.txt, deepspeed.json and evaluation.json. `folder` is the job's.
    """
    found = {"log.txt": log_text(result)}
    if result.first_row:
        found["first_row.txt"] = result.first_row
    engine = _engine(result)
    if engine is not None:
        found["deepspeed.json"] = json.dumps(engine, indent=2)
    with suppress(FileNotFoundError, ConfigError):  # a job that failed has none
        found[TABLE] = _table(result, folder)
    return found


def _table(result: Result, folder: Path) -> str:
    suite = suite_of(result.job.benchmark.name)
    return evaluation_table(read_sheet(folder / SCORES_FILE, suite.task_scores), suite)


def log_text(result: Result) -> str:
    """Returns what the job said on its way, as a log: ranks keep no other."""
    began = datetime.fromtimestamp(result.started_at, UTC).isoformat(sep=" ", timespec="seconds")
    return "\n".join([f"job {result.job.hash}, begun {began}", *_lines(result), ""])


def _lines(result: Result) -> Iterator[str]:
    if resumed := result.facts.get("resumed_step"):
        yield f"gone on with from step {resumed:.0f}"
    hidden = len(result.reports) - LOG_LINES
    if hidden > 0:
        yield f"... {hidden} earlier reports"
    yield from (_line(report) for report in result.reports[-LOG_LINES:])
    if result.stopped:
        yield f"stopped early: {result.stopped}"
    attempts = result.facts.get("attempts", 1.0)
    tried = f" and {attempts:.0f} attempts" if attempts > 1 else ""
    why = f": {result.reason}" if result.state == State.FAILED else ""
    yield f"{result.state} after {result.wall_s:.1f} s{tried}{why}"


def _line(report: Report) -> str:
    measured = "  ".join(f"{name} {value:.4g}" for name, value in report.metrics.items())
    return f"step {report.step} of {report.num_steps}  {measured}"


def _engine(result: Result) -> Mapping[str, object] | None:
    """Returns DeepSpeed's configuration in the job's last attempt; None where there was none."""
    job, facts = result.job, result.facts
    if job.checkpoint is not None or "ranks" not in facts:
        return None
    training = {"micro_batch_size": int(facts["micro_batch_size"])}
    engine = {
        "zero_stage": int(facts["zero_stage"]),
        "offload_optimizer": "offload_optimizer" in facts,
        "offload_parameters": "offload_parameters" in facts,
    }
    return deepspeed_config(
        job.engine.model_copy(update=engine),
        job.training.model_copy(update=training),
        world=int(facts["ranks"]),
    )

"""Writes down what running jobs say, for those who look on; a sweep does without it."""

import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.driver.callbacks import SweepCallback
from orchestrator.storage.live_file import LiveJob, remove_live, write_live
from orchestrator.storage.result import Result
from trainers.job import Job, Report

EVERY_S = 1.0
"""Seconds between two writes."""
MAX_LOSSES = 240
"""Losses of a job that are kept; of more every second one goes."""


class LiveCallback(SweepCallback):
    """Keeps the reports of jobs until they end, and writes them now and then."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._jobs: dict[str, LiveJob] = {}
        self._written_at = -EVERY_S

    def on_report(self, job: Job, report: Report) -> None:
        known = self._jobs.get(job.hash)
        losses = list(known.losses) if known is not None and report.step > known.step else []
        losses.append((report.step, report.metrics["loss"]))
        if len(losses) > MAX_LOSSES:
            losses = [*losses[:-1:2], losses[-1]]
        self._jobs[job.hash] = LiveJob(report.step, report.num_steps, losses)
        now = self._clock()
        if now - self._written_at >= EVERY_S:
            self._written_at = now
            write_live(self._folder, self._jobs)

    def on_job_end(self, result: Result) -> None:
        self._jobs.pop(result.job.hash, None)

    def close(self) -> None:
        """Leaves nothing behind."""
        remove_live(self._folder)

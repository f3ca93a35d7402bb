"""What running jobs have said and MLflow has not heard yet."""

import threading
import time
from dataclasses import dataclass, field

from orchestrator.tracking.child_run import Point, live_points
from trainers.job import Job, Report


@dataclass(slots=True)
class Said:
    """A running job and its points, the oldest first."""

    job: Job
    points: list[Point] = field(default_factory=list)


class LiveReports:
    """Keeps reports until they are written; may be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[str, Said] = {}

    def add(self, job: Job, report: Report) -> None:
        """Keeps a report, with the time at which it came; what is infinite is left out."""
        points = live_points(report, round(time.time() * 1000))
        if not points:
            return
        with self._lock:
            self._said.setdefault(job.hash, Said(job)).points.extend(points)

    def waiting(self) -> list[Said]:
        """Returns what is to be written, as it is now."""
        with self._lock:
            return [Said(said.job, list(said.points)) for said in self._said.values()]

    def written(self, said: Said) -> None:
        """Drops what was written."""
        with self._lock:
            kept = self._said.get(said.job.hash)
            if kept is None:
                return
            del kept.points[: len(said.points)]
            if not kept.points:
                del self._said[said.job.hash]

    def drop(self, job_hash: str) -> None:
        """Drops what a job has said, which has ended now and says all of it again."""
        with self._lock:
            self._said.pop(job_hash, None)

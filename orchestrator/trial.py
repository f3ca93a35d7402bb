"""The Ray Tune trainable: takes one Job after another through its warm gang."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray import tune
from ray.util import get_current_placement_group

from cluster.gang import Gang, GangShape, RankLost
from cluster.rank import News
from evals.suites.text import measure
from orchestrator.agenda import measurable
from orchestrator.config import GangSettings
from orchestrator.records import Result, State, Storage
from orchestrator.ticket import Ticket
from trainers.job import Outcome, Report, TrialFailure
from trainers.run import Order


def shape_of(settings: GangSettings) -> GangShape:
    """Returns the gang's shape as the cluster floor knows it."""
    return GangShape(
        settings.ranks, settings.cpus_per_rank, settings.gpus_per_rank, settings.strategy
    )


class JobTrainable(tune.Trainable):
    """Runs the job of its ticket, one report a step; its gang outlives the job.

    A job that fails ends as a result that says so, never as an error of Tune's: an error would
    end this actor and its gang with it.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Takes the first ticket; the gang is formed when the first step needs it."""
        self._gang: Gang | None = None
        self._num_jobs = 0
        self._take(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes the next ticket, keeping the gang."""
        self._take(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Runs the job to its next report; the last one carries its state."""
        try:
            news = self._advance()
        except RankLost as lost:
            self._gang = None
            news = TrialFailure(str(lost))
        if isinstance(news, Report):
            self._reports.append(news)
            return {"job_step": news.step, "num_steps": news.num_steps, "done": False}
        result = self._finish(news)
        return {"done": True, "state": str(result.state), "reason": result.reason}

    def cleanup(self) -> None:
        """Ends the gang."""
        if self._gang is not None:
            self._gang.close()

    def _take(self, config: dict[str, Any]) -> None:
        self._ticket = Ticket.model_validate(config["ticket"])
        self._storage = Storage(Path(self._ticket.storage))
        self._reports: list[Report] = []
        self._folder: Path | None = None
        self._started_at = time.time()
        self._clock = time.perf_counter()

    def _advance(self) -> News:
        gang = self._formed()
        if self._folder is None:
            job = self._ticket.job
            self._folder = self._storage.begin(job)
            base = self._ticket.base
            gang.start(Order(job, self._folder, Path(base) if base is not None else None))
            self._num_jobs += 1
        return gang.advance()

    def _formed(self) -> Gang:
        settings = self._ticket.gang
        worn = self._num_jobs >= settings.recycle_after and self._folder is None
        if self._gang is not None and worn:
            self._gang.close()
            self._gang = None
        if self._gang is None:
            self._num_jobs = 0
            self._gang = Gang.form(shape_of(settings), get_current_placement_group())
        return self._gang

    def _finish(self, news: Outcome | TrialFailure) -> Result:
        job = self._ticket.job
        folder = self._folder or self._storage.begin(job)
        wall_s = time.perf_counter() - self._clock
        result = Result(
            job=job,
            state=State.FAILED,
            reason=str(news),
            metrics={},
            facts={},
            wall_s=wall_s,
            reports=tuple(self._reports),
            started_at=self._started_at,
        )
        if isinstance(news, TrialFailure):
            return self._storage.commit(result, folder, None)
        return self._storage.commit(self._measured(result, news), folder, news.sheet)

    def _measured(self, result: Result, outcome: Outcome) -> Result:
        """Returns `result` with the metrics; those that need the gold model only if it is known."""
        gold = self._storage.sheet(self._ticket.gold) if self._ticket.gold else None
        names = measurable(result.job.evaluation.metrics, has_gold=gold is not None)
        metrics = measure(outcome.sheet, gold, names)
        return replace(result, state=State.DONE, reason="", metrics=metrics, facts=outcome.facts)

"""The Ray Tune trainable: takes one Job after another through its warm gang."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ray import tune
from ray.util import get_current_placement_group

from cluster.gang import Gang, GangShape, News, RankLost
from evals.components import components
from evals.metric import measurable
from evals.suites.text import measure
from orchestrator.config import GangSettings
from orchestrator.records import Result, State, Storage
from orchestrator.ticket import Ticket
from trainers.job import Outcome, Report, TrialFailure
from trainers.order import Order


def shape_of(settings: GangSettings) -> GangShape:
    """Returns the gang's shape as the cluster floor knows it."""
    return GangShape(
        settings.ranks, settings.cpus_per_rank, settings.gpus_per_rank, settings.strategy
    )


class JobTrainable(tune.Trainable):  # type: ignore[misc]  # Ray has no types
    """Runs the job of its ticket, one report a step; its gang outlives the job.

    A job that fails ends as a result that says so, never as an error of Tune's: an error would
    end this actor and its gang with it.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Takes the first ticket; the gang is formed when the first step needs it."""
        self._warm = WarmGang()
        self._take(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes the next ticket, keeping the gang."""
        self._take(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Runs the job to its next report; the last one says if it left no result, and why."""
        try:
            result = self._run.advance()
        except Exception as error:  # noqa: BLE001  the trial boundary: one job, not the sweep
            self._warm.close()
            return {"job_step": -1, "done": True, "error": f"{type(error).__name__}: {error}"}
        if isinstance(result, Report):
            return {
                "job_step": result.step,
                "num_steps": result.num_steps,
                "loss": result.metrics["loss"],
                "done": False,
            }
        return {"job_step": -1, "done": True}

    def cleanup(self) -> None:
        """Ends the gang."""
        self._warm.close()

    def _take(self, config: dict[str, Any]) -> None:
        self._run = JobRun(Ticket.model_validate_json(config["ticket"]), self._warm)


class WarmGang:
    """A gang that is formed when first needed, and anew when it was lost or has grown old."""

    def __init__(self) -> None:
        self._gang: Gang | None = None
        self._num_jobs = 0

    def begin(self, order: Order, settings: GangSettings) -> None:
        """Gives the gang its next job."""
        if self._num_jobs >= settings.recycle_after:
            self.close()
        if self._gang is None:
            self._gang = Gang.form(shape_of(settings), get_current_placement_group())
        self._gang.start(order)
        self._num_jobs += 1

    def advance(self) -> News:
        """Returns what the gang has to say next."""
        assert self._gang is not None
        return self._gang.advance()

    def close(self) -> None:
        """Ends the gang's processes; the next job gets new ones."""
        if self._gang is not None:
            self._gang.close()
        self._gang = None
        self._num_jobs = 0


@dataclass(frozen=True, slots=True)
class _Clock:
    started_at: float
    started: float

    @classmethod
    def start(cls) -> "_Clock":
        return cls(time.time(), time.perf_counter())


class JobRun:
    """One job on its way from ticket to result in storage."""

    def __init__(self, ticket: Ticket, warm: WarmGang) -> None:
        self._ticket = ticket
        self._warm = warm
        self._storage = Storage(Path(ticket.storage))
        self._folder: Path | None = None
        self._reports: list[Report] = []
        self._clock = _Clock.start()

    def advance(self) -> Report | Result:
        """Returns the job's next report, or its result once that is in storage."""
        try:
            news = self._next()
        except RankLost as lost:
            self._warm.close()
            news = TrialFailure(str(lost))
        if isinstance(news, Report):
            self._reports.append(news)
            return news
        return self._finish(news)

    def _next(self) -> News:
        if self._folder is None:
            job, base = self._ticket.job, self._ticket.base
            self._folder = self._storage.begin(job)
            order = Order(job, self._folder, Path(base) if base is not None else None)
            self._warm.begin(order, self._ticket.gang)
        return self._warm.advance()

    def _finish(self, news: Outcome | TrialFailure) -> Result:
        assert self._folder is not None
        result = Result(
            job=self._ticket.job,
            state=State.FAILED,
            reason=str(news),
            metrics={},
            facts={},
            wall_s=0.0,
            reports=tuple(self._reports),
            started_at=self._clock.started_at,
        )
        if isinstance(news, Outcome):
            result = self._measured(result, news)
        result = replace(result, wall_s=time.perf_counter() - self._clock.started)
        sheet = news.sheet if isinstance(news, Outcome) else None
        return self._storage.commit(result, self._folder, sheet)

    def _measured(self, result: Result, outcome: Outcome) -> Result:
        """Returns `result` with the metrics and, among the facts, the components they are made of.

        Metrics that need the gold model are measured only if it is known.
        """
        gold = self._storage.sheet(self._ticket.gold) if self._ticket.gold else None
        names = measurable(result.job.evaluation.metrics, has_gold=gold is not None)
        metrics = measure(outcome.sheet, gold, names)
        facts = {**components(outcome.sheet), **outcome.facts}
        return replace(result, state=State.DONE, reason="", metrics=metrics, facts=facts)

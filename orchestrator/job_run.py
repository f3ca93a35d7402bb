"""One job on its way from ticket to result in storage, through as many attempts as it takes.

What is lost on the way, ranks or memory, never shows in the result, but in its facts: how many
attempts there were and how the last one was run.
"""

import logging
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from cluster.gang import GangShape, News
from cluster.loss import Cause, RankLost
from cluster.warm import Upkeep
from evals.components import components
from evals.metric import measurable
from evals.suites.text import measure
from orchestrator.gang_settings import GangSettings
from orchestrator.records import Storage
from orchestrator.result import Result, State
from orchestrator.ticket import Ticket
from trainers import checkpoint
from trainers.execution import Execution, lighter
from trainers.job import Beat, Outcome, Phase, Report, TrialFailure
from trainers.order import Order

LOG = logging.getLogger(__name__)

QUIET_S = 2.0
"""Seconds for which beats are kept from the scheduler, whose every look at them costs time."""

SAVING_SHARE = 0.1
"""The largest share of a job's time that goes into checkpoints."""


class Crew(Protocol):
    """Who does the work: a warm gang (`cluster.warm.WarmGang`)."""

    def has_room(self) -> bool:
        """Returns whether there is a place to work at, perhaps after a moment."""
        ...

    def begin(self, order: Order, shape: GangShape, upkeep: Upkeep) -> None:
        """Takes up a job."""
        ...

    def advance(self) -> News:
        """Returns what there is to say next."""
        ...

    def save(self, folder: Path) -> str:
        """Writes a checkpoint into `folder`; returns why it could not be written, or nothing."""
        ...

    def weigh(self) -> int:
        """Returns the resident memory of the largest rank."""
        ...

    def close(self) -> None:
        """Ends the ranks; the next job gets new ones."""
        ...


class Experience:
    """How jobs had to be run for want of memory; the next ones of their kind start there."""

    def __init__(self) -> None:
        self._found: dict[tuple[bool, Execution], Execution] = {}

    def execution(self, ticket: Ticket) -> Execution:
        """Returns how the ticket's job is run at first."""
        asked = Execution.of(ticket.job)
        return self._found.get(_kind(ticket, asked), asked)

    def learn(self, ticket: Ticket, execution: Execution) -> None:
        """Remembers that the ticket's job needed `execution`."""
        self._found[_kind(ticket, Execution.of(ticket.job))] = execution


def _kind(ticket: Ticket, asked: Execution) -> tuple[bool, Execution]:
    return ticket.job.phase == Phase.TRIAL, asked


def shape_of(settings: GangSettings) -> GangShape:
    """Returns the gang's shape as the cluster floor knows it."""
    together = settings.ranks_per_node
    return GangShape(
        settings.ranks,
        settings.cpus_per_rank,
        settings.gpus_per_rank,
        strategy=settings.strategy if together is None else "STRICT_SPREAD",
        ranks_per_block=together or 1,
        interface=settings.interface,
    )


def _upkeep(settings: GangSettings) -> Upkeep:
    return Upkeep(settings.recycle_after, settings.recycle_growth, settings.collective_timeout_s)


@dataclass(frozen=True, slots=True)
class _Clock:
    started_at: float
    started: float

    @classmethod
    def start(cls) -> "_Clock":
        return cls(time.time(), time.perf_counter())


class GivenUp(TrialFailure):
    """What a job ends with whose ranks were lost too often: another time may be better."""


class JobRun:
    """Runs a ticket's job; a lost rank or too little memory is another attempt, up to a limit."""

    def __init__(self, ticket: Ticket, crew: Crew, experience: Experience) -> None:
        self._ticket = ticket
        self._crew = crew
        self._experience = experience
        self._storage = Storage(Path(ticket.storage))
        self._checkpoints = self._storage.checkpoint_folder(ticket.job)
        self._execution = experience.execution(ticket)
        self._folder: Path | None = None
        self._reports: list[Report] = []
        self._resumed_step = 0
        self._losses = ticket.losses
        self._attempts = ticket.losses + 1
        self._saved = self._saving_s = 0.0
        self._clock = _Clock.start()

    def advance(self) -> Report | Beat | Result:
        """Returns the job's next report, or its result once that is in storage.

        A beat says that there is nothing to report yet.
        """
        started = time.perf_counter()
        while isinstance(news := self._heard(), Beat):
            if time.perf_counter() - started >= QUIET_S:
                break
        if isinstance(news, Report | Beat | Result):
            return news
        return self._finish(news)

    def pause(self) -> None:
        """Saves what is being trained, as far as it can be, for whoever goes on with it."""
        if self._folder is None or self._ticket.checkpoint.every_s is None:
            return
        try:
            self._crew.save(self._checkpoints)
        except RankLost:
            return
        shutil.rmtree(self._folder, ignore_errors=True)

    def _heard(self) -> News | Result:
        """Returns the crew's next news; a beat where an attempt ended and another may follow."""
        try:
            if self._folder is None:
                found = self._found()
                return Beat() if found is None else found
            news = self._crew.advance()
            if isinstance(news, Report | Beat):
                self._keep(news)
        except RankLost as lost:
            return self._after(lost)
        return news

    def _found(self) -> Result | None:
        """Begins an attempt as soon as there is room for one.

        Unless the one before it was lost after its result was in storage; that is returned.
        """
        if self._ticket.losses:
            found = self._storage.find(self._ticket.job)
            if found is not None and found.state == State.DONE:
                return found
        if self._crew.has_room():
            self._begin()
        return None

    def _begin(self) -> None:
        job, base = self._ticket.job, self._ticket.base
        self._folder = self._storage.begin(job)
        resume = checkpoint.newest(self._checkpoints)
        mark = checkpoint.read_bookmark(resume) if resume is not None else None
        self._resumed_step = mark.step if mark is not None else 0
        self._reports = list(mark.reports) if mark is not None else []
        order = Order(
            self._execution.applied(job),
            self._folder,
            base=Path(base) if base is not None else None,
            resume=resume,
        )
        self._crew.begin(order, shape_of(self._ticket.gang), _upkeep(self._ticket.gang))
        self._saved = time.perf_counter()

    def _keep(self, news: Report | Beat) -> None:
        """Takes a report down, and has a checkpoint written if one is due."""
        if isinstance(news, Report):
            earlier = [report for report in self._reports if report.step < news.step]
            self._reports = [*earlier, news]
        every_s = self._ticket.checkpoint.every_s
        if every_s is None:
            return
        started = time.perf_counter()
        if started - self._saved >= max(every_s, self._saving_s / SAVING_SHARE):
            complaint = self._crew.save(self._checkpoints)
            if complaint:
                LOG.warning("no checkpoint in %s: %s", self._checkpoints, complaint)
            self._saved = time.perf_counter()
            self._saving_s = self._saved - started

    def _after(self, lost: RankLost) -> Beat | TrialFailure:
        """Returns a beat if another attempt is to follow, or else why there will be none."""
        self._crew.close()
        if not self._may_go_on(lost):
            tried = f"; given up after {self._attempts} attempts" if self._attempts > 1 else ""
            return GivenUp(f"{lost}{tried}")
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None
        self._attempts += lost.cause != Cause.NO_ROOM
        return Beat()

    def _may_go_on(self, lost: RankLost) -> bool:
        """Says whether another attempt makes sense; for want of memory, with less of it."""
        short_of = lost.cause.short_of
        if short_of is not None:
            last = self._reports[-1] if self._reports else None
            less = lighter(
                self._execution,
                self._ticket.job,
                world=self._ticket.gang.ranks,
                short_of=short_of,
                evaluating=last is not None and last.step == last.num_steps,
            )
            self._execution = less or self._execution
            return less is not None
        if lost.cause == Cause.NO_ROOM:
            return True
        self._losses += 1
        return lost.cause != Cause.FAULT and self._losses <= self._ticket.gang.max_retries

    def _finish(self, news: Outcome | TrialFailure) -> Result:
        assert self._folder is not None
        result = Result(
            job=self._ticket.job,
            state=State.FAILED,
            reason=str(news),
            metrics={},
            facts=self._facts(),
            wall_s=0.0,
            reports=tuple(self._reports),
            started_at=self._clock.started_at,
            by_chance=isinstance(news, GivenUp),
        )
        if isinstance(news, Outcome):
            result = self._measured(result, news)
            self._experience.learn(self._ticket, self._execution)
        result = replace(result, wall_s=time.perf_counter() - self._clock.started)
        sheet = news.sheet if isinstance(news, Outcome) else None
        kept = self._storage.commit(result, self._folder, sheet)
        self._folder = None
        if kept.state == State.DONE or kept.job.phase == Phase.TRIAL:
            # A baseline that failed is run again by the next sweep, which may go on from here.
            shutil.rmtree(self._checkpoints, ignore_errors=True)
        return kept

    def _measured(self, result: Result, outcome: Outcome) -> Result:
        """Returns `result` with the metrics and, among the facts, the components they are made of.

        Metrics that need the gold model are measured only if it is known.
        """
        gold = self._storage.sheet(self._ticket.gold) if self._ticket.gold else None
        names = measurable(result.job.evaluation.metrics, has_gold=gold is not None)
        metrics = measure(outcome.sheet, gold, names)
        facts = {**components(outcome.sheet), **outcome.facts, **result.facts, **self._memory()}
        return replace(result, state=State.DONE, reason="", metrics=metrics, facts=facts)

    def _facts(self) -> dict[str, float]:
        resumed = {"resumed_step": float(self._resumed_step)} if self._resumed_step else {}
        return {"attempts": float(self._attempts), **self._execution.facts, **resumed}

    def _memory(self) -> dict[str, float]:
        """Returns what the ranks hold now that the job is done; nothing if one of them is lost."""
        try:
            return {"rank_memory_bytes": float(self._crew.weigh())}
        except RankLost:
            self._crew.close()
            return {}

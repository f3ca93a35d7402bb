"""One job on its way from ticket to result in storage, through as many attempts as it takes.

What is lost on the way, ranks or memory, never shows in the result, but in its facts: how many
attempts there were and how the last one was run.
"""

import logging
import shutil
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from cluster.gang import News
from cluster.rank_failure import Cause, RankLost
from evals.scores import ScoreSheet
from orchestrator.jobs.ticket import Ticket
from orchestrator.results.measuring import measured
from orchestrator.running import whole_batches
from orchestrator.running.job_inputs import JobInputs
from orchestrator.running.workers import Experience, Workers, shape_of, upkeep_of
from orchestrator.storage.files import FAILURE_FILE, job_path
from orchestrator.storage.masking import without
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from trainers import checkpoint
from trainers.disk_full import lacks_room
from trainers.job import Beat, Diverged, Outcome, Phase, Report, TrialFailure
from trainers.memory.fallback import Doing, lighter
from trainers.rank_task import RankTask

LOG = logging.getLogger(__name__)

QUIET_S = 2.0
"""Seconds for which beats are kept from the scheduler, whose every look at them costs time."""

RETRY_S = 1.0, 5.0
"""Seconds after which a write that found no room is tried again: at first, and at most."""

SAVING_SHARE = 0.1
"""The largest share of a job's time that goes into checkpoints."""


class GivenUp(TrialFailure):
    """What a job ends with whose ranks were lost too often: another time may be better.

    `traceback` has what the ranks said when they were lost last.
    """

    def __init__(self, message: str, *, traceback: str) -> None:
        super().__init__(message)
        self.traceback = traceback


class JobRun:
    """Runs a ticket's job; a lost rank or too little memory is another attempt, up to a limit.

    What finds no room on the disk is written again and again: who runs the sweep knows when to
    give up. What it says of errors is without `secrets`, and those of URLs.
    """

    def __init__(
        self,
        ticket: Ticket,
        workers: Workers,
        experience: Experience,
        *,
        secrets: Collection[str] = (),
    ) -> None:
        self._secrets = secrets
        self._ticket = ticket
        self._workers = workers
        self._experience = experience
        self._storage = Storage(Path(ticket.storage))
        self._inputs = JobInputs(ticket, self._storage)
        self._checkpoints = self._storage.checkpoint_folder(ticket.job)
        self._execution = experience.execution(ticket)
        self._folder: Path | None = None
        self._ended: tuple[Result, ScoreSheet | None] | None = None
        self._traceback = ""
        self._pause_s = 0.0
        self._reports: list[Report] = []
        self._resumed_step = 0
        self._losses = ticket.losses
        self._attempts = ticket.losses + 1
        self._saved = self._saving_s = 0.0
        self._started_at, self._started = time.time(), time.perf_counter()

    def advance(self) -> Report | Beat | Result:
        """Returns the job's next report, or its result once that is in storage.

        A beat says that there is nothing to report yet, or that there is no room on the disk.
        """
        time.sleep(self._pause_s)
        started = time.perf_counter()
        while isinstance(news := self._heard(), Beat) and not news.no_room:
            if time.perf_counter() - started >= QUIET_S:
                break
        if isinstance(news, Outcome | TrialFailure):
            news = self._finish(news)
        first_s, most_s = RETRY_S
        waits = isinstance(news, Beat) and news.no_room
        self._pause_s = min(most_s, max(first_s, 2 * self._pause_s)) if waits else 0.0
        return news

    def pause(self) -> None:
        """Saves what is being trained, as far as it can be, for whoever goes on with it.

        What waits for room for its result is given a last chance.
        """
        if self._ended is not None and isinstance(self._put_away(*self._ended), Result):
            return
        if self._folder is None or self._ticket.checkpoint.every_s is None:
            return
        try:
            self._workers.save(self._checkpoints)
        except RankLost:
            return
        shutil.rmtree(self._folder, ignore_errors=True)

    def _heard(self) -> News | Result:
        """Returns the workers's next news; a beat where an attempt ended and another may follow."""
        if self._ended is not None:
            return self._put_away(*self._ended)
        try:
            if self._folder is None:
                found = self._found()
                return Beat() if found is None else found
            news = self._workers.advance()
            if isinstance(news, Report | Beat):
                self._keep(news)
        except RankLost as lost:
            return self._after(lost)
        except OSError as error:
            return _without_room(error)
        return news

    def _found(self) -> Result | TrialFailure | None:
        """Begins an attempt as soon as there is room for one, and what it starts from.

        Unless the one before it was lost after its result was in storage; that is returned.
        """
        if self._ticket.losses:
            found = self._storage.find(self._ticket.job)
            if found is not None and found.state == State.DONE and self._serves(found):
                return found
        if lacking := self._inputs.lacking():
            self._folder = self._storage.begin(self._ticket.job)
            return GivenUp(lacking, traceback="")
        if self._workers.has_room():
            self._begin()
        return None

    def _serves(self, found: Result) -> bool:
        """Returns whether this job would come to the result that was found, and leave as much."""
        return found.stands(self._ticket.guard) and not found.weights_removed

    def _begin(self) -> None:
        job, base = self._ticket.job, self._ticket.base
        self._folder = self._storage.begin(job)
        resume = checkpoint.newest(self._checkpoints)
        mark = checkpoint.read_bookmark(resume) if resume is not None else None
        self._resumed_step = mark.step if mark is not None else 0
        self._reports = list(mark.reports) if mark is not None else []
        task = RankTask(
            self._execution.applied(job),
            self._folder,
            base=Path(base) if base is not None else None,
            resume=resume,
            guard=self._ticket.guard,
            base_weights=self._ticket.base_weights,
        )
        self._workers.begin(task, shape_of(self._ticket.gang), upkeep_of(self._ticket.gang))
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
            complaint = self._workers.save(self._checkpoints)
            if complaint:
                LOG.warning("no checkpoint in %s: %s", self._checkpoints, complaint)
            self._saved = time.perf_counter()
            self._saving_s = self._saved - started

    def _after(self, lost: RankLost) -> Beat | TrialFailure:
        """Returns a beat if another attempt is to follow, or else why there will be none."""
        self._workers.close()
        if not self._may_go_on(lost):
            tried = f"; given up after {self._attempts} attempts" if self._attempts > 1 else ""
            cure = whole_batches.cure(self._ticket) if lost.cause.short_of is not None else ""
            where = f"; traceback in {job_path(self._ticket.job.hash, FAILURE_FILE)}"
            said = f"{lost}{tried}{cure}{where if lost.traceback else ''}"
            return GivenUp(said, traceback=lost.traceback)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None
        self._attempts += lost.cause != Cause.NO_NODES
        return Beat(no_room=str(lost) if lost.cause == Cause.FULL_DISK else "")

    def _may_go_on(self, lost: RankLost) -> bool:
        """Says whether another attempt makes sense; for want of memory, with less of it."""
        short_of = lost.cause.short_of
        if short_of is not None:
            less = lighter(
                self._execution,
                self._ticket.job,
                world=self._ticket.gang.ranks,
                short_of=short_of,
                doing=self._doing(),
                mixes_rows=whole_batches.must_stay_whole(self._ticket),
            )
            self._execution = less or self._execution
            return less is not None
        if lost.cause in (Cause.FULL_DISK, Cause.NO_NODES):
            return True
        self._losses += 1
        return lost.cause != Cause.FAULT and self._losses <= self._ticket.gang.max_retries

    def _doing(self) -> Doing:
        """Returns what the ranks were doing, as far as their reports tell."""
        last = self._reports[-1] if self._reports else None
        if last is not None and last.step == last.num_steps:
            return Doing.EVALUATION
        return Doing.TRAINING if self._ticket.guard is None else Doing.EITHER

    def _finish(self, news: Outcome | TrialFailure) -> Result | Beat:
        result = Result(
            job=self._ticket.job,
            state=State.FAILED,
            reason=without(str(news), self._secrets),
            metrics={},
            facts=self._facts(),
            wall_s=0.0,
            reports=tuple(self._reports),
            started_at=self._started_at,
            by_chance=isinstance(news, GivenUp),
            collapsed=isinstance(news, Diverged),
        )
        if isinstance(news, GivenUp):
            self._traceback = without(news.traceback, self._secrets)
        if isinstance(news, Outcome):
            result = self._measured(result, news)
            self._experience.learn(self._ticket, self._execution)
        result = replace(result, wall_s=time.perf_counter() - self._started)
        self._ended = result, news.sheet if isinstance(news, Outcome) else None
        return self._put_away(*self._ended)

    def _put_away(self, result: Result, sheet: ScoreSheet | None) -> Result | Beat:
        """Returns what is on record once the result is in storage; a beat if it has no room."""
        assert self._folder is not None
        try:
            if self._traceback:
                (self._folder / FAILURE_FILE).write_text(self._traceback, encoding="utf-8")
            kept = self._storage.commit(result, self._folder, sheet)
        except OSError as error:
            return _without_room(error)
        self._folder = self._ended = None
        if kept.state == State.DONE or kept.job.phase == Phase.TRIAL:
            # A baseline that failed is run again by the next sweep, which may go on from here.
            shutil.rmtree(self._checkpoints, ignore_errors=True)
        return kept

    def _measured(self, result: Result, outcome: Outcome) -> Result:
        ticket, held = self._ticket, self._inputs
        done = measured(result, outcome, gold=held.gold, original=held.original, guard=ticket.guard)
        return replace(done, facts={**done.facts, **self._memory()}, gold=ticket.gold or "")

    def _facts(self) -> dict[str, float]:
        resumed = {"resumed_step": float(self._resumed_step)} if self._resumed_step else {}
        gang = self._ticket.gang
        shared = {"gpus_per_rank": gang.gpus_per_rank} if 0 < gang.gpus_per_rank < 1 else {}
        return {
            "attempts": float(self._attempts),
            "ranks": float(gang.ranks),
            **shared,
            **self._execution.facts,
            **resumed,
        }

    def _memory(self) -> dict[str, float]:
        """Returns what the ranks hold now that the job is done; nothing if one of them is lost."""
        try:
            return {"rank_memory_bytes": float(self._workers.weigh())}
        except RankLost:
            self._workers.close()
            return {}


def _without_room(error: OSError) -> Beat:
    """Returns the beat that says so where there was no room; anything else is raised again."""
    if not lacks_room(error):
        raise error
    return Beat(no_room=str(error))

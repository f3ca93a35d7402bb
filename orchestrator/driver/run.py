"""One run of a sweep: its stages put in a queue, the queue run to its end, and a report made."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.driver.callbacks import (
    Callbacks,
    DiskCallback,
    LedgerCallback,
    MembersCallback,
    QuotaCallback,
    SweepCallback,
    TrackerCallback,
    UploaderCallback,
)
from orchestrator.driver.context import SweepContext
from orchestrator.driver.control import Control
from orchestrator.driver.live import LiveCallback
from orchestrator.driver.queue import Queue
from orchestrator.driver.signals import StopSignals
from orchestrator.driver.stages.attacks import AttackStage
from orchestrator.driver.stages.baselines import BaselineStage
from orchestrator.driver.stages.finalists import FinalistStage
from orchestrator.driver.stages.search import SearchStage, close_searches, open_searches
from orchestrator.driver.stages.stage import Stage, StageContext
from orchestrator.driver.stop_conditions import Ending, StopConditions
from orchestrator.limits.disk_quota import Quota
from orchestrator.limits.full_disk import OutOfRoom
from orchestrator.reporting.estimates.attacks import by_job, with_attacks
from orchestrator.reporting.publish import publish, publish_briefly
from orchestrator.reporting.sweep_record import Replicate, ShadowModel, SweepRecord, gaps_of, raced
from orchestrator.results.entry import Entry
from orchestrator.storage.members import MemberRole, read_members
from trainers.job import Job, Report


class SweepRun:
    """A sweep's jobs, from the first to the last or until it leaves."""

    def __init__(self, sweep: SweepContext, signals: StopSignals) -> None:
        self._sweep = sweep
        self._signals = signals
        observers = _observers(sweep)
        self._quota = _quota(sweep, observers)
        self._searches = open_searches(sweep.config, sweep.folder, wait=sweep.full_disk.wait)
        self._live = LiveCallback(sweep.folder)
        self._control = Control(
            sweep.config,
            sweep.ledger,
            self._searches,
            folder=sweep.folder,
            tell=Callbacks([sweep.progress, observers]).on_steered,
        )
        self._callbacks = Callbacks(
            [
                LedgerCallback(sweep.ledger),
                QuotaCallback(self._quota),
                sweep.progress,
                MembersCallback(sweep.members),
                observers,
                DiskCallback(sweep.full_disk, self._quota),
                self._control,
                self._live,
            ]
        )
        context = StageContext(sweep.plan, sweep.storage, sweep.ledger, self._callbacks)
        self._baselines = BaselineStage(context)
        self._search = SearchStage(context, self._baselines, searches=self._searches)
        trials = self._search.entries
        self._finalists = FinalistStage(context, self._baselines, trials=trials)
        stages: list[Stage[Any]] = [self._baselines, self._search]
        if sweep.config.finalists is not None:
            stages.append(self._finalists)
        self._attacks = AttackStage(context, trials=trials, finalists=self._finalists)
        if sweep.config.attacks is not None:
            stages.append(self._attacks)
        self._queue = Queue(stages, context)

    @property
    def failure(self) -> str | None:
        """Why the sweep cannot go on, if it cannot."""
        return self._queue.failure

    @property
    def complete(self) -> bool:
        """Whether everything was run."""
        return self._queue.complete

    @property
    def entries(self) -> Sequence[Entry]:
        """What came of the baselines and of every trial so far."""
        return self._quota.entries

    def run(self) -> list[Path]:
        """Runs all jobs, writes the report of what came out and returns its files.

        Raises:
            Interrupted: a wish to leave was seen, and everything is in order.
            OutOfRoom: there has been no room on the disk for too long.
            ClusterLost: the cluster is gone, and everything else is in order.
        """
        from orchestrator.running.scheduler import run_queue  # imports Ray

        sweep = self._sweep
        stop = StopConditions(
            self._queue,
            self._control,
            self._signals,
            sweep.full_disk,
            progress=sweep.progress,
            ending=Ending(self._leave, self._sweep.give_up),
        )
        try:
            with self._signals.deferred():
                run_queue(
                    self._queue,
                    sweep.config.gang,
                    folder=sweep.folder,
                    on_report=self._hear,
                    monitor=stop,
                    say=sweep.say,
                )
                stop.heed()  # the last look is some time ago
        finally:
            close_searches(self._searches.values())
            self._live.close()
        self._quota.keep()
        return self.report()

    def report(self) -> list[Path]:
        """Writes tables, figures and page, if anything can be compared, and returns the files."""
        record = with_attacks(self.record())
        self._sweep.tracker.log_attacks(by_job(record))
        return self._published(publish, record)

    def summarise(self) -> list[Path]:
        """Writes what takes moments of that: who has asked to leave may not wait for more."""
        return self._published(publish_briefly, self.record())

    def record(self) -> SweepRecord:
        """Returns the sweep as its report sees it."""
        sweep, finals = self._sweep, self._finalists.entries
        record = SweepRecord(
            sweep.config,
            sweep.folder,
            sweep.storage,
            self._baselines.reference,
            tuple(self._quota.entries),
            (),
            next((each.result for each in finals if each.number is None), None),
            sweep.ledger,
            shadows=tuple(
                ShadowModel(each.label, each.number, each.split, result)
                for each, result in self._attacks.found
            ),
        )
        runs = (Replicate(e.label, e.number, e.result) for e in finals if e.number is not None)
        record = raced(record, tuple(runs))
        return replace(record, gaps=tuple(gaps_of(record)))

    def _hear(self, job: Job, report: Report) -> None:
        """Passes on what a running job says; of models at other splits to the ledger alone."""
        elsewhere = (self._attacks.asked, self._search.at_splits, self._baselines.at_splits)
        if any(job.hash in jobs for jobs in elsewhere):
            self._sweep.ledger.hear(job.hash)
        else:
            self._callbacks.on_report(job, report)

    def _published(self, make: Callable[..., list[Path]], record: SweepRecord) -> list[Path]:
        if record.reference is None:
            return []
        hold = self._sweep.full_disk.hold
        return make(record, record.folder, say=self._sweep.say, hold=hold)

    def _leave(self) -> None:
        close_searches(self._searches.values())
        with suppress(OutOfRoom):
            self._sweep.ledger.close()
            self.summarise()
        self._sweep.close(finished=False)


def _observers(sweep: SweepContext) -> Callbacks:
    """Returns those who take what a job has come to elsewhere."""
    observers: list[SweepCallback] = [TrackerCallback(sweep.tracker, sweep.storage)]
    if sweep.uploader is not None:
        observers.append(UploaderCallback(sweep.uploader))
    return Callbacks(observers)


def _quota(sweep: SweepContext, observers: SweepCallback) -> Quota:
    quota = Quota(
        sweep.config,
        sweep.storage,
        sweep.ledger,
        space_sources=sweep.space_sources,
        say=sweep.say,
        on_removed=observers.on_weights_removed,
    )
    for member in read_members(sweep.folder):  # also those that another best has superseded
        if member.role in (MemberRole.FINAL, MemberRole.GOLD_AGAIN):
            quota.protect(member.job)
    return quota

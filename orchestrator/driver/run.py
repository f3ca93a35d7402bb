"""A sweep's jobs as they run: what comes of each is told to all that records it, in order."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.driver.context import OpenedSweep
from orchestrator.driver.queue import Programme
from orchestrator.driver.signals import Departure
from orchestrator.driver.stages.search import Agenda, close_searches, open_searches
from orchestrator.driver.stop_conditions import SweepWatch
from orchestrator.jobs.finalists import Finalist, finalists
from orchestrator.limits.disk_quota import Quota
from orchestrator.limits.full_disk import OutOfRoom, Shortage
from orchestrator.reporting.publish import publish, publish_briefly
from orchestrator.reporting.sweep_record import Replicate, SweepRecord, gaps_of
from orchestrator.results.entry import Entry
from orchestrator.results.measuring import compared_if_needed
from orchestrator.searching.study import MethodSearch
from orchestrator.storage.members import Member, MemberRole, read_members
from orchestrator.storage.result import Result
from trainers.job import Job, Report


@dataclass(slots=True)
class _Finals:
    """What came of the finalists so far."""

    replicates: list[Replicate] = field(default_factory=list)
    gold_again: Result | None = None


class SweepRun:
    """One run of a sweep, from its first job to its last or until it leaves."""

    def __init__(self, sweep: OpenedSweep, departure: Departure) -> None:
        self._sweep = sweep
        self._departure = departure
        self._finals = _Finals()
        self._quota = Quota(
            sweep.config,
            sweep.storage,
            sweep.ledger,
            say=sweep.say,
            on_removed=sweep.forget_weights,
        )
        for member in read_members(sweep.folder):  # also those that another best has superseded
            if member.role in (MemberRole.FINAL, MemberRole.GOLD_AGAIN):
                self._quota.protect(member.job)
        self._shortage = Shortage(
            sweep.storage.root,
            patience_s=sweep.config.disk.patience_s,
            relieve=self._quota.relieve,
            say=sweep.say,
            may_wait=lambda: not departure.wished,
        )
        self._searches = open_searches(sweep.config, sweep.folder)
        self._agenda = _agenda(sweep, self._searches, on_entry=self._on_entry)
        self._programme = Programme(
            self._agenda,
            sweep.config,
            storage=sweep.storage,
            ledger=sweep.ledger,
            choose=self._choose_finalists,
            on_final=self._on_final,
        )
        sweep.ledger.be_patient(self._shortage.wait)
        sweep.members.be_patient(self._shortage.wait)
        for search in self._searches.values():
            search.be_patient(self._shortage.wait)

    @property
    def failure(self) -> str | None:
        """Why the sweep cannot go on, if it cannot."""
        return self._agenda.failure

    @property
    def complete(self) -> bool:
        """Whether everything was run."""
        return self._programme.complete

    @property
    def entries(self) -> Sequence[Entry]:
        """What came of the baselines and of every trial so far."""
        return self._quota.entries

    def go(self) -> list[Path]:
        """Runs all jobs, writes the report of what came out and returns its files.

        Raises:
            Left: a wish to leave was seen, and everything is in order.
            OutOfRoom: there has been no room on the disk for too long.
        """
        from orchestrator.running.scheduler import run_agenda  # imports Ray

        sweep = self._sweep
        watch = SweepWatch(
            self._programme,
            sweep.ledger,
            self._departure,
            self._shortage,
            say=sweep.say,
            on_leave=self._leave,
        )
        try:
            with self._departure.deferred():
                run_agenda(
                    self._programme,
                    sweep.config.gang,
                    folder=sweep.folder,
                    on_report=self._on_report,
                    watch=watch,
                    say=sweep.say,
                )
        finally:
            close_searches(self._searches.values())
        self._quota.keep()
        return self.report()

    def report(self) -> list[Path]:
        """Writes tables, figures and page, if anything can be compared, and returns the files."""
        return self._published(publish)

    def summarise(self) -> list[Path]:
        """Writes what takes moments of that: who has asked to leave may not wait for more."""
        return self._published(publish_briefly)

    def _published(self, make: Callable[..., list[Path]]) -> list[Path]:
        record = self.record()
        if record.reference is None:
            return []
        return make(record, record.folder, say=self._sweep.say, hold=self._shortage.hold)

    def record(self) -> SweepRecord:
        """Returns the sweep as its report sees it."""
        sweep = self._sweep
        record = SweepRecord(
            sweep.config,
            sweep.folder,
            sweep.storage,
            self._agenda.reference,
            tuple(self._quota.entries),
            tuple(self._finals.replicates),
            self._finals.gold_again,
            sweep.ledger,
        )
        return replace(record, gaps=tuple(gaps_of(record)))

    def _choose_finalists(self) -> list[Finalist]:
        reference = self._agenda.reference
        assert reference is not None
        sweep = self._sweep
        again = sweep.plan.gold_again
        return finalists(
            sweep.config,
            sweep.plan.benchmark,
            original=reference.original.job,
            gold_again=None if again is None else again.job,
            entries=self._quota.entries,
        )

    def _on_entry(self, entry: Entry) -> None:
        assert self._agenda.reference is not None
        bounds = self._agenda.reference.bounds
        self._quota.enter(entry, bounds=bounds)
        self._sweep.progress.entry(entry, bounds=bounds)
        self._sweep.log(entry, _member(entry))
        self._after(entry)

    def _on_final(self, final: Finalist, result: Result, cached: bool) -> None:
        result = self._against_gold(result)
        entry = Entry(final.label, result, final.number, final.params, cached=cached, final=True)
        if final.number is None:
            self._finals.gold_again = result
        else:
            self._finals.replicates.append(Replicate(final.label, final.number, result))
        self._quota.protect(entry.result.job.hash)
        self._sweep.progress.final(entry)
        self._sweep.log(entry, final.member)
        self._after(entry)

    def _against_gold(self, result: Result) -> Result:
        """Returns the result held against the gold model, whatever was known when it was made."""
        reference, storage = self._agenda.reference, self._sweep.storage
        assert reference is not None
        return compared_if_needed(result, storage, gold=reference.gold)

    def _after(self, entry: Entry) -> None:
        if not entry.cached:
            self._shortage.end()
            self._quota.keep()

    def _on_report(self, job: Job, report: Report) -> None:
        self._sweep.ledger.hear(job.hash)
        self._sweep.progress.report(job, report)
        self._sweep.tracker.log_report(job, report)

    def _leave(self) -> None:
        close_searches(self._searches.values())
        with suppress(OutOfRoom):
            self._sweep.ledger.close()
            self.summarise()
        self._sweep.close(finished=False)


def _agenda(
    sweep: OpenedSweep, searches: dict[str, MethodSearch], *, on_entry: Callable[[Entry], None]
) -> Agenda:
    agenda = Agenda(
        sweep.config,
        sweep.plan.benchmark,
        storage=sweep.storage,
        searches=searches,
        ledger=sweep.ledger,
        on_entry=on_entry,
    )
    agenda.begin_with(sweep.plan.past)
    agenda.tell_of_baselines(sweep.bring)
    return agenda


def _member(entry: Entry) -> Member:
    job = entry.result.job
    role = MemberRole.TRIAL if entry.number is not None else MemberRole(str(job.phase))
    return Member(
        role=role,
        job=job.hash,
        label=entry.label,
        number=entry.number,
        params=dict(entry.params or {}),
    )

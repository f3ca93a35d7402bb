"""Who is told how a sweep goes: each in turn, of every job, in the order that they stand in."""

from collections.abc import Sequence

from orchestrator.jobs.shadows import Shadow
from orchestrator.limits.disk_quota import Quota
from orchestrator.limits.full_disk import DiskFullMonitor
from orchestrator.limits.ledger import Ledger
from orchestrator.limits.steering import Steered
from orchestrator.remote.uploader import Uploader
from orchestrator.results.entry import Entry
from orchestrator.searching.constraints import Bound
from orchestrator.storage.members import Member, MemberRole, Members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result
from orchestrator.tracking.tracker import Tracker
from trainers.job import Job, Report


class SweepCallback:
    """What may be told of a sweep; who does not care for an event leaves its method out."""

    def on_report(self, job: Job, report: Report) -> None:
        """A running job has said how far it is."""

    def on_entry(self, entry: Entry, *, bounds: Sequence[Bound]) -> None:
        """It is known what a finished job means in the sweep, whose trials keep to `bounds`."""

    def on_search_begin(self) -> None:
        """The baselines are done, and the methods may ask for trials."""

    def on_search_end(self) -> None:
        """All trials have ended, and what follows them has begun."""

    def on_steered(self, steered: Steered) -> None:
        """A person's command was obeyed, or refused."""

    def on_attacks(self, total: int) -> None:
        """Models for attacks come next, `total` of them."""

    def on_shadow(self, shadow: Shadow, result: Result, *, cached: bool) -> None:
        """It is known what has come of a model for attacks."""

    def on_split_job(self, shadow: Shadow, result: Result) -> None:
        """A baseline or a trial has ended at a further split of the search."""

    def on_split_end(self, jobs: Sequence[str]) -> None:
        """All models of a split have ended: nothing starts from these any more."""

    def on_job_end(self, result: Result) -> None:
        """A job that was run has ended; entries that are known by it have been told of before."""

    def on_weights_removed(self, job_hash: str) -> None:
        """The weights of a finished trial have gone for want of disk."""


class Callbacks(SweepCallback):
    """Tells all of `callbacks`, one after the other."""

    def __init__(self, callbacks: Sequence[SweepCallback]) -> None:
        self._callbacks = tuple(callbacks)

    def on_report(self, job: Job, report: Report) -> None:
        for each in self._callbacks:
            each.on_report(job, report)

    def on_entry(self, entry: Entry, *, bounds: Sequence[Bound]) -> None:
        for each in self._callbacks:
            each.on_entry(entry, bounds=bounds)

    def on_search_begin(self) -> None:
        for each in self._callbacks:
            each.on_search_begin()

    def on_search_end(self) -> None:
        for each in self._callbacks:
            each.on_search_end()

    def on_steered(self, steered: Steered) -> None:
        for each in self._callbacks:
            each.on_steered(steered)

    def on_attacks(self, total: int) -> None:
        for each in self._callbacks:
            each.on_attacks(total)

    def on_shadow(self, shadow: Shadow, result: Result, *, cached: bool) -> None:
        for each in self._callbacks:
            each.on_shadow(shadow, result, cached=cached)

    def on_split_job(self, shadow: Shadow, result: Result) -> None:
        for each in self._callbacks:
            each.on_split_job(shadow, result)

    def on_split_end(self, jobs: Sequence[str]) -> None:
        for each in self._callbacks:
            each.on_split_end(jobs)

    def on_job_end(self, result: Result) -> None:
        for each in self._callbacks:
            each.on_job_end(result)

    def on_weights_removed(self, job_hash: str) -> None:
        for each in self._callbacks:
            each.on_weights_removed(job_hash)


class LedgerCallback(SweepCallback):
    """Books when a job is heard of for the first time; the queue books the rest."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def on_report(self, job: Job, report: Report) -> None:  # noqa: ARG002
        self._ledger.hear(job.hash)


class QuotaCallback(SweepCallback):
    """Has the quota count what a job leaves on disk; a finalist's weights stay."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota

    def on_entry(self, entry: Entry, *, bounds: Sequence[Bound]) -> None:
        if entry.final:
            self._quota.protect(entry.result.job.hash)
        else:
            self._quota.enter(entry, bounds=bounds)

    def on_shadow(self, shadow: Shadow, result: Result, *, cached: bool) -> None:  # noqa: ARG002
        self._quota.enter_shadow(result)

    def on_split_job(self, shadow: Shadow, result: Result) -> None:  # noqa: ARG002
        self._quota.enter_shadow(result)

    def on_split_end(self, jobs: Sequence[str]) -> None:
        self._quota.release(jobs)


class MembersCallback(SweepCallback):
    """Has the job taken down as what it is in the sweep."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def on_entry(self, entry: Entry, *, bounds: Sequence[Bound]) -> None:  # noqa: ARG002
        self._members.enter(member_of(entry))

    def on_shadow(self, shadow: Shadow, result: Result, *, cached: bool) -> None:  # noqa: ARG002
        self._members.enter(shadow.member)

    def on_split_job(self, shadow: Shadow, result: Result) -> None:  # noqa: ARG002
        self._members.enter(shadow.member)


class TrackerCallback(SweepCallback):
    """Has everything shown in MLflow."""

    def __init__(self, tracker: Tracker, storage: Storage) -> None:
        self._tracker = tracker
        self._storage = storage

    def on_report(self, job: Job, report: Report) -> None:
        self._tracker.log_report(job, report)

    def on_entry(self, entry: Entry, *, bounds: Sequence[Bound]) -> None:  # noqa: ARG002
        folder = self._storage.job_folder(entry.result.job.hash)
        self._tracker.log_entry(entry, job_folder=folder)

    def on_steered(self, steered: Steered) -> None:
        self._tracker.log_steered(steered)

    def on_weights_removed(self, job_hash: str) -> None:
        self._tracker.forget_adapter(job_hash)


class UploaderCallback(SweepCallback):
    """Has what a job has come to brought to the URL that the sweep is kept at."""

    def __init__(self, uploader: Uploader) -> None:
        self._uploader = uploader

    def on_job_end(self, result: Result) -> None:
        self._uploader.job(result.job.hash)

    def on_weights_removed(self, job_hash: str) -> None:
        self._uploader.forget_weights(job_hash)


class DiskCallback(SweepCallback):
    """Has the disk looked after: a result has found room, and weights may have to go for it."""

    def __init__(self, full_disk: DiskFullMonitor, quota: Quota) -> None:
        self._full_disk = full_disk
        self._quota = quota

    def on_job_end(self, result: Result) -> None:  # noqa: ARG002
        self._full_disk.end()
        if self._quota.entries:  # before there are any, nothing could go
            self._quota.keep()


def member_of(entry: Entry) -> Member:
    """Returns what a finished job is in its sweep."""
    job = entry.result.job
    if entry.final:
        role = MemberRole.GOLD_AGAIN if entry.number is None else MemberRole.FINAL
    else:
        role = MemberRole.TRIAL if entry.number is not None else MemberRole(str(job.phase))
    return Member(
        role=role,
        job=job.hash,
        label=entry.label,
        number=entry.number,
        seed=job.seed if entry.final else None,
        params=dict(entry.params or {}),
    )

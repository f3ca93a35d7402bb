"""The baselines: the first stage of a sweep, without which nothing can be compared."""

from collections.abc import Collection, Iterator, Sequence

from orchestrator.driver.stages.stage import Request, Retry, StageContext
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.hypervolume import corner_in
from orchestrator.results.measuring import reference_of, unguarded_reference
from orchestrator.results.over_splits import mean_reference
from orchestrator.storage.result import Result, State
from trainers.job import Job, Phase


class BaselineStage:
    """Asks for the plan's baselines, and makes them the reference once all are done.

    The last of the plan's goes first, those of further splits follow. One that failed in an earlier
    run is tried again. With several splits the reference is their mean, `references` has each.
    """

    def __init__(self, context: StageContext) -> None:
        self._plan = context.plan
        self._storage = context.storage
        self._ledger = context.ledger
        self._callbacks = context.callbacks
        self._jobs = [baseline.job for baseline in context.plan.baselines]
        self._at_splits = {
            each.job.hash: each for split in context.plan.search_splits for each in split.baselines
        }
        self._left = [*self._jobs[::-1], *(each.job for each in self._at_splits.values())]
        self._done: dict[str, Result] = {}
        self._trained: set[str] = set()
        self.reference: Reference | None = None
        self.references: tuple[Reference, ...] = ()
        """Those of each split, the benchmark's own first."""
        self.failure: str | None = None

    @property
    def at_splits(self) -> Collection[str]:
        """The hashes of the jobs at further splits."""
        return self._at_splits.keys()

    @property
    def finished(self) -> bool:
        """Whether all baselines are done and can be compared."""
        return self.reference is not None

    @property
    def may_start(self) -> bool:
        """Whether the sweep's budget is not used up yet."""
        return self._ledger.limit is None

    def begin(self) -> None:
        """Begins; the plan has said already what is wanted."""

    def next(self) -> Request[Job] | None:
        """Returns the next baseline that is not done."""
        if not self._left:
            return None
        job = self._left.pop(0)
        return Request(job, job, str(job.phase), retry=Retry.ALL)

    def take(self, request: Request[Job], result: Result, *, cached: bool) -> None:
        """Takes in a baseline; with the last of them, all are told of."""
        job = request.job
        if result.state == State.FAILED:
            shadow = self._at_splits.get(job.hash)
            where = "" if shadow is None else f" of split {shadow.split}"
            self.failure = f"the {job.phase} model{where} failed: {result.reason}"
            return
        self._done[job.hash] = result
        if job.hash in self._at_splits:
            self._callbacks.on_split_job(self._at_splits[job.hash], result)
        if not cached:
            self._trained.add(job.hash)
        if len(self._done) == len(self._jobs) + len(self._at_splits):
            self._compare()

    def withdraw(self, requests: Sequence[Request[Job]]) -> None:
        """Takes back a baseline: it is the next one again."""
        self._left[:0] = [request.job for request in requests]

    def _compare(self) -> None:
        """Holds the baselines against each other, and tells of each."""
        try:
            self.references = (self._own_reference(), *self._further_references())
            reference = mean_reference(self.references, self._plan.config)
            if len(self._plan.config.search.objectives) > 1:
                corner_in(self._plan.config.search, reference)  # where nothing counts from, it ends
            self.reference = reference
        except ValueError as error:
            self.failure = f"the baselines cannot be compared: {error}"
            return
        for result in (self.reference.original, self.reference.gold):
            self._done[result.job.hash] = result
        for job in self._jobs:
            cached = job.hash not in self._trained
            entry = Entry(str(job.phase), self._done[job.hash], cached=cached)
            self._callbacks.on_entry(entry, bounds=self.reference.bounds)

    def _own_reference(self) -> Reference:
        by_phase = {job.phase: self._done[job.hash] for job in reversed(self._jobs)}
        return reference_of(
            by_phase[Phase.ORIGINAL],
            by_phase[Phase.GOLD],
            self._storage,
            config=self._plan.config,
            benchmark=self._plan.benchmark,
        )

    def _further_references(self) -> Iterator[Reference]:
        for split in self._plan.search_splits:
            original, gold = (self._done[job.hash] for job in (split.original, split.gold))
            yield unguarded_reference(original, gold, self._storage, config=self._plan.config)

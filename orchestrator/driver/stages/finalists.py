"""The finalists: each method's best trial under other seeds, once the search is over."""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.config.budget import FINALISTS
from orchestrator.driver.stages.stage import ReferenceSource, Request, StageContext
from orchestrator.jobs.finalists import Finalist, finalists
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.measuring import compared_if_needed
from orchestrator.storage.result import Result


class FinalistStage:
    """Asks for the runs of those that are the best of `trials` when the search is over.

    A sweep whose budget is used up has none.
    """

    failure: str | None = None

    def __init__(
        self,
        context: StageContext,
        baselines: ReferenceSource,
        *,
        trials: Sequence[Entry],
    ) -> None:
        self._plan = context.plan
        self._baselines = baselines
        self._trials = trials
        self._storage = context.storage
        self._ledger = context.ledger
        self._callbacks = context.callbacks
        self._left: list[Finalist] = []
        self.entries: list[Entry] = []
        """What came of every run so far; the one without a number is the gold model's."""

    @property
    def finished(self) -> bool:
        """Whether every finalist was asked for."""
        return not self._left

    @property
    def may_start(self) -> bool:
        """Whether another run takes no more than the sweep's budget has left."""
        return self._ledger.sweep_has_room

    def begin(self) -> None:
        """Chooses the finalists."""
        if self._ledger.limit is not None:
            return
        again = self._plan.gold_again
        self._left = finalists(
            self._plan.config,
            self._plan.benchmark,
            original=self._reference.original.job,
            gold_again=None if again is None else again.job,
            entries=self._trials,
        )

    def next(self) -> Request[Finalist] | None:
        """Returns the next run, seed by seed."""
        if not self._left or self._ledger.limit is not None:
            return None
        final = self._left.pop(0)
        # Without a guard: what is reported is a whole training's.
        known = None if final.number is None else replace(self._reference.basis, guard=None)
        return Request(final.job, final, FINALISTS, basis=known)

    def take(self, request: Request[Finalist], result: Result, *, cached: bool) -> None:
        """Tells of a run, held against the gold model whatever was known when it was made."""
        final = request.subject
        result = compared_if_needed(result, self._storage, gold=self._reference.gold)
        entry = Entry(final.label, result, final.number, final.params, cached=cached, final=True)
        self.entries.append(entry)
        self._callbacks.on_entry(entry, bounds=self._reference.bounds)

    def withdraw(self, requests: Sequence[Request[Finalist]]) -> None:
        """Takes back runs: they come next again."""
        self._left[:0] = [request.subject for request in requests]

    @property
    def _reference(self) -> Reference:
        reference = self._baselines.reference
        assert reference is not None
        return reference

"""The finalists: each method's best trials under other seeds, once the search is over."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orchestrator.config.budget import FINALISTS
from orchestrator.driver.stages.stage import ReferenceSource, Request, StageContext
from orchestrator.jobs.finalists import Finalist, finalist, races, run_of
from orchestrator.results.entry import Entry, Reference
from orchestrator.results.measuring import compared_if_needed
from orchestrator.results.race import Race
from orchestrator.storage.result import Result


class FinalistStage:
    """Asks for the runs of each method's race among its `trials` when the search is over.

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
        self._config = context.plan.config
        self._baselines = baselines
        self._trials = trials
        self._storage = context.storage
        self._ledger = context.ledger
        self._callbacks = context.callbacks
        self._races: Mapping[str, Race] = {}
        self._gold_left: list[Finalist] = []
        self._asked: set[tuple[str, int | None, int]] = set()
        """Runs that were asked for, by label, trial and seed."""
        self.entries: list[Entry] = []
        """What came of every run so far; the one without a number is the gold model's."""

    @property
    def finished(self) -> bool:
        """Whether every race is decided."""
        return not self._gold_left and not any(race.wanted for race in self._races.values())

    @property
    def may_start(self) -> bool:
        """Whether another run takes no more than the sweep's budget has left."""
        return self._ledger.sweep_has_room

    @property
    def standing(self) -> dict[str, int]:
        """The first trial that stands for each method whose race has begun, by label."""
        found = {label: race.standing for label, race in self._races.items() if race.runs}
        return {label: numbers[0] for label, numbers in found.items() if numbers}

    def begin(self) -> None:
        """Lines up the candidates."""
        self._callbacks.on_search_end()
        if self._ledger.limit is not None:
            return
        again = self._plan.gold_again
        if again is not None:
            self._gold_left = [Finalist(again.job, str(again.job.phase), None, {})]
        self._races = races(self._config, self._trials, self._reference)

    def next(self) -> Request[Finalist] | None:
        """Returns the next run, seed by seed; None while a race waits for one that is running."""
        if self._ledger.limit is not None:
            return None
        if self._gold_left:
            gold = self._gold_left.pop(0)
            return Request(gold.job, gold, FINALISTS)
        final = self._next_run()
        if final is None:
            return None
        # Without a guard: what is reported is a whole training's.
        whole = replace(self._reference.basis, guard=None)
        return Request(final.job, final, FINALISTS, basis=whole)

    def take(self, request: Request[Finalist], result: Result, *, cached: bool) -> None:
        """Tells of a run, held against the gold model whatever was known when it was made."""
        final = request.subject
        result = compared_if_needed(result, self._storage, gold=self._reference.gold)
        if final.number is not None:
            run = run_of(result, self._config.search, self._reference.bounds)
            self._races[final.label].runs[final.number, final.job.seed] = run
        entry = Entry(final.label, result, final.number, final.params, cached=cached, final=True)
        self.entries.append(entry)
        self._callbacks.on_entry(entry, bounds=self._reference.bounds)

    def withdraw(self, requests: Sequence[Request[Finalist]]) -> None:
        """Takes back runs: they come next again."""
        for final in (request.subject for request in requests):
            if final.number is None:
                self._gold_left.append(final)
            else:
                self._asked.discard(_place(final))

    def _next_run(self) -> Finalist | None:
        """Returns the first run that is wanted and was not asked for, and notes that it is."""
        wanted = [
            (seed, label, number)
            for label, race in self._races.items()
            for number, seed in race.wanted
            if (label, number, seed) not in self._asked
        ]
        if not wanted:
            return None
        seed, label, number = min(wanted, key=lambda each: each[0])
        trial = next(t for t in self._trials if (t.label, t.number) == (label, number))
        self._asked.add((label, number, seed))
        original = self._reference.original.job
        return finalist(self._config, self._plan.benchmark, trial, seed=seed, original=original)

    @property
    def _reference(self) -> Reference:
        reference = self._baselines.reference
        assert reference is not None
        return reference


def _place(final: Finalist) -> tuple[str, int | None, int]:
    return final.label, final.number, final.job.seed
